#!/usr/bin/env bash
# Install this checkout of hubq into an environment of the job, and say where lasting things go.
set -euo pipefail

root="$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)"
home="${GIVEN_HOME:-$HOME/.hubq-actions}"
venv="$RUNNER_TEMP/hubq-venv"
mkdir -p "$home/runs" "$home/cache" "$home/hf"

python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "$root${EXTRAS:+[$EXTRAS]}"
version="$("$venv/bin/hubq" --version)"

echo "$venv/bin" >> "$GITHUB_PATH"
{
  echo "HUBQ_CACHE=$home/cache"
  echo "HUBQ_RUNS_DIR=$home/runs"
  # Large downloads stay; what a client logs in with never does: tokens come by the environment.
  echo "HF_HUB_CACHE=$home/hf"
} >> "$GITHUB_ENV"
{
  echo "version=$version"
  echo "home=$home"
} >> "$GITHUB_OUTPUT"
echo "$version, lasting things in $home" >&2
