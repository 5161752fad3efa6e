#!/usr/bin/env bash
# Make or publish a family; what people want to see of it goes to the job's summary.
set -euo pipefail

# An empty token would be sent as one.
[ -n "${HF_TOKEN:-}" ] || unset HF_TOKEN

arguments=("$SOURCE" --namespace "$NAMESPACE" --device "$DEVICE")
[ -z "$RECIPE" ] || arguments+=(--recipe "$RECIPE")
[ -z "$HUB" ] || arguments+=(--hub "$HUB")
read -r -d '' -a variants <<< "${VARIANTS//,/ }" || true
for variant in "${variants[@]}"; do
  arguments+=(--variant "$variant")
done
case "$VISIBILITY" in
  public | private) arguments+=("--$VISIBILITY") ;;
  "") ;;
  *)
    echo "::error title=hubq::visibility is public, private or empty, not '$VISIBILITY'"
    exit 2
    ;;
esac
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<< "$ARGUMENTS"

out="$RUNNER_TEMP/hubq-$STEP"
rm -rf "$out" "$out.json"
case "$STEP" in
  make)
    hubq release "${arguments[@]}" --until card --yes --format json > "$out.json" || failed=$?
    ;;
  push)
    # It ends here when something is still to be made: with the token that may write, nothing is.
    hubq push "${arguments[@]}" --dry-run || failed=$?
    [ -n "${failed:-}" ] || hubq release "${arguments[@]}" --yes --format json > "$out.json" \
      || failed=$?
    ;;
  *)
    echo "::error title=hubq::step is make or push, not '$STEP'"
    exit 2
    ;;
esac
if [ -z "${failed:-}" ]; then
  hubq push "${arguments[@]}" --into "$out" || failed=$?
fi
python3 "$GITHUB_ACTION_PATH/summary.py" "$STEP" "$SOURCE" "$out.json" "$out"
exit "${failed:-0}"
