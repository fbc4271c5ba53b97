#!/bin/bash
# Tries a plan on a real Slurm of one node, which this script starts for itself and stops again: a small comparison of the demo
# as arrays with one task requeued in the middle, the same by GNU parallel, and both against one process, byte by byte.
#
#   apt-get install slurm-wlm parallel && npm run prepare && bash scripts/check-slurm.sh
#
# It needs no root and listens on 127.0.0.1 only. Writes results/many-machines/slurm.json.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
export DISTILLERY="node $root/dist/cli/main.js"
node=$(hostname -s)
cpus=$(nproc)
cd "$work"

cat > slurm.conf <<CONF
ClusterName=check
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=${CTLD_PORT:-16817}
SlurmdPort=${SLURMD_PORT:-16818}
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobCompType=jobcomp/none
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
ReturnToService=2
KillWait=30
SchedulerParameters=sched_interval=5,defer_batch
NodeName=$node NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=6000 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
touch cgroup.conf
export SLURM_CONF=$work/slurm.conf
mkdir state spool
# Daemons of this folder alone; PATH of Debian's users lacks sbin.
PATH=$PATH:/usr/sbin
slurmctld -D 2> ctld.out & ctld=$!
slurmd -D -N "$node" 2> slurmd.out & slurmd=$!
trap 'kill $slurmd $ctld 2>/dev/null; wait $slurmd $ctld 2>/dev/null' EXIT
until sinfo -h -o %T 2>/dev/null | grep -q idle; do sleep 0.5; done

cat > small.yaml <<'RECIPE'
data: demo
ipc: 2
teachers: [convnet8x1]
students: [convnet8x1]
labels: [static]
iterations: 20
seeds: 2
teacher: { epochs: 40, batch: 32 }
student: { epochs: 4, batch: 8 }
full: { epochs: 0 }
compare: { methods: [infer, random] }
RECIPE

# Hash of all teachers, sets and students of a comparison, but for their seconds.
hash_of() { (cd "$1" && find 2-teachers work sets students -type f ! -name '*-seconds.json' | sort | xargs sha256sum | sha256sum | cut -d' ' -f1); }
seconds() { date +%s.%N; }

$DISTILLERY plan small.yaml --out plan
began=$(seconds)
PLAN=plan OUT=by-slurm bash "$root/examples/many-machines/slurm.sh"
# The teacher, in the middle: after its first checkpoint.
first=$(squeue -h -r -o %A_%K -n distillery-0 | head -1)
until [ "$(squeue -h -r -o %T -j "$first")" = RUNNING ]; do sleep 0.2; done
first_id=$(squeue -h -r -o %A -j "$first")
until find plan/artefacts/teacher -name 'checkpoints-*' 2> find.out | grep -q .; do sleep 0.2; done
scontrol requeue "$first_id"
echo "requeued $first in the middle"
# A requeued task is held back for two minutes, or until it is told to begin: not before the node has let go of it.
until grep -q 'code INTERRUPTED' plan/logs/0-0.log; do sleep 0.2; done
sleep 5
scontrol update jobid="$first_id" starttime=now
while [ -n "$(squeue -h)" ]; do sleep 1; done
slurm_seconds=$(node -p "$(seconds) - $began")
cat plan/logs/0-0.log plan/logs/gather.log
grep -q 'goes on from its last checkpoint' plan/logs/0-0.log

$DISTILLERY plan small.yaml --out plan-2 --quiet
PLAN=plan-2 OUT=by-parallel bash "$root/examples/many-machines/parallel.sh" -j2
$DISTILLERY compare --recipe small.yaml --threads 1 --out by-one --quiet

one=$(hash_of by-one) slurm=$(hash_of by-slurm) parallel=$(hash_of by-parallel)
echo "one process $one
Slurm       $slurm
parallel    $parallel"
node -e '
  const [file, out, version, hardware, slurm_version, seconds, one, slurm, parallel] = process.argv.slice(1);
  const { distillery, jobs, stages } = JSON.parse(fs.readFileSync(file, "utf8"));
  const numbers = {
    distillery, node: process.version, slurm: slurm_version, parallel: version, hardware, jobs: jobs.length, stages: stages.length,
    requeued: 1, seconds: Math.round(seconds), sha256: { one, slurm, parallel }, equal: one === slurm && one === parallel,
  };
  fs.writeFileSync(out, `${JSON.stringify(numbers, null, 2)}\n`);
  console.log(numbers);
  process.exitCode = numbers.equal ? 0 : 1;
' plan/plan.json "$root/results/many-machines/slurm.json" "$(parallel --version | head -1)" \
  "$(sed -n 's/^model name\s*: //p' /proc/cpuinfo | head -1), $cpus cores" "$(slurmctld -V)" "$slurm_seconds" "$one" "$slurm" "$parallel"
