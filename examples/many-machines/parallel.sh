#!/bin/bash
# Does the jobs of a plan on this machine and others by GNU parallel, and gathers the results.
#
#   distillery plan compare-demo --out plans/demo
#   PLAN=plans/demo OUT=runs/compare-demo bash parallel.sh -j2
#   PLAN=plans/demo OUT=runs/compare-demo bash parallel.sh --sshloginfile nodes.txt --workdir .
#
# Jobs are started in their order, and each waits for what it needs. A second call goes on where the first was stopped.
set -euo pipefail
: "${PLAN:?the folder of a plan}" "${OUT:?the folder for sets and report}"
distillery="${DISTILLERY:-distillery}"
last=$(node -p 'JSON.parse(fs.readFileSync(process.argv[1], "utf8")).jobs.length - 1' "$PLAN/plan.json")
seq 0 "$last" | parallel --halt soon,fail=1 "$@" "$distillery work $PLAN --index {}"
$distillery work "$PLAN" --gather --out "$OUT"
