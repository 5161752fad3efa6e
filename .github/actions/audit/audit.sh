#!/usr/bin/env bash
# Audit, once: annotations in the log, a summary, and files for code scanning and for people.
set -euo pipefail

# An empty token would be sent as one.
[ -n "${HF_TOKEN:-}" ] || unset HF_TOKEN

out="$RUNNER_TEMP/hubq-audit"
mkdir -p "$out"
arguments=(--fail-on "$FAIL_ON")
[ -z "$HUB" ] || arguments+=(--hub "$HUB")
case "$WEB" in
  true) arguments+=(--web) ;;
  false | "") ;;
  *)
    echo "::error::The input web is true or false."
    exit 2
    ;;
esac
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<< "$TARGETS"$'\n'"$ARGUMENTS"
{
  echo "sarif=$out/audit.sarif"
  echo "page=$out/audit.html"
} >> "$GITHUB_OUTPUT"

hubq audit "${arguments[@]}" --format github \
  --report "sarif=$out/audit.sarif" \
  --report "html=$out/audit.html" \
  --report "markdown=$out/audit.md" || failed=$?
[ ! -f "$out/audit.md" ] || cat "$out/audit.md" >> "$GITHUB_STEP_SUMMARY"
exit "${failed:-0}"
