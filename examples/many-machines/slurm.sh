#!/bin/bash
# Submits the jobs of a plan to Slurm: an array for each stage, and a last job that gathers the results.
#
#   distillery plan compare-demo --out plans/demo
#   PLAN=plans/demo OUT=runs/compare-demo bash slurm.sh --partition=cpu
#
# Everything behind slurm.sh goes to every sbatch. The plan, its artefacts and the data must lie on a disk that all nodes
# share, at the same path. DISTILLERY is the command on the nodes, such as "npx distillery".
set -euo pipefail
: "${PLAN:?the folder of a plan}" "${OUT:?the folder for sets and report}"
export PLAN OUT DISTILLERY="${DISTILLERY:-distillery}"
ARTEFACTS="${ARTEFACTS:-$PLAN/artefacts}"
export ARTEFACTS
most="${MOST:-1000}"  # tasks of an array, below MaxArraySize of slurm.conf; longer stages do several jobs a task
slower="${SLOWER:-3}" # times that a node may be slower than the machine that made the plan
mkdir -p "$PLAN/logs"

# One line a stage: its first and last job, minutes and megabytes of its largest, threads of a job.
stages() {
  node -e '
    const { stages, threads } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
    for (const { from, to, seconds, memory } of stages)
      console.log(from, to, Math.ceil(seconds / 60), Math.ceil((1.5 * memory) / 2 ** 20) + 256, threads);
  ' "$PLAN/plan.json"
}

after=()
largest=0
while read -r from to minutes megabytes threads; do
  jobs=$((to - from + 1))
  count=$(((jobs + most - 1) / most))
  tasks=$(((jobs + count - 1) / count))
  # SIGTERM comes two minutes before the time is up; --requeue starts a task anew whose node was taken away or failed.
  # Each job of a stage may need all of those before it, so afterok and not aftercorr.
  id=$(FROM=$from TO=$to COUNT=$count sbatch --parsable --job-name="distillery-$from" --array="0-$((tasks - 1))" "${after[@]}" \
    --requeue --signal=TERM@120 --time="$((10 + slower * minutes * count))" --mem="${megabytes}M" --cpus-per-task="$threads" \
    --kill-on-invalid-dep=yes --open-mode=append --output="$PLAN/logs/$from-%a.log" "$@" <<'TASK'
#!/bin/bash
first=$((FROM + COUNT * SLURM_ARRAY_TASK_ID))
left=$((TO - first + 1)) # The last task has what is left of its stage.
# srun passes signals on. A task that was stopped saved its checkpoint (130) and takes its place in the queue again.
srun --ntasks=1 $DISTILLERY work "$PLAN" --artefacts "$ARTEFACTS" --wait 60s \
  --index "$first" --count $((COUNT < left ? COUNT : left))
status=$?
if [ $status -eq 130 ]; then scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; fi
exit $status
TASK
  )
  echo "jobs $from-$to: array $id of $tasks"
  after=(--dependency="afterok:$id")
  largest=$((megabytes > largest ? megabytes : largest))
done < <(stages)

# Gathers also where something failed: it says what.
id=$(sbatch --parsable --job-name=distillery-gather --dependency="afterany:$id" --time=60 --mem="${largest}M" \
  --output="$PLAN/logs/gather.log" "$@" <<'TASK'
#!/bin/bash
$DISTILLERY work "$PLAN" --artefacts "$ARTEFACTS" --gather --out "$OUT"
TASK
)
echo "gathering into $OUT: job $id"
