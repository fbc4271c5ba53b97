#!/usr/bin/python3
"""Runs torch_peer.py's steps and keeps the samples that other processes did not disturb, as ../guard.ts does for ours.

    guarded.py train-step|distill-step|match-step [torch_peer.py's options] [--device cpu|cuda] [--together 1] [--others 0.08] [--limit 90]

Prints one JSON line: every accepted sample in ms, how many were dropped, time to the first step done, peak memory.
"""
import argparse, functools, json, os, resource, statistics, sys, time
import torch

sys.dont_write_bytecode = True  # leave no cache beside the sources
import torch_peer

TICK = 0.01  # /proc counts in 1/100 s


def busy():
    with open("/proc/stat") as f:
        times = [int(t) for t in f.readline().split()[1:]]
    return TICK * sum(times[i] for i in (0, 1, 2, 5, 6, 7) if i < len(times))


def descendants():
    processes = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as f:
                fields = f.read().rpartition(")")[2].split()
            processes[int(name)] = int(fields[1]), TICK * (int(fields[11]) + int(fields[12]))
        except OSError:
            pass  # ended meanwhile

    def below(pid):
        parent = processes.get(pid, (0, 0))[0]
        return parent != 0 and (parent == os.getpid() or below(parent))
    return sum(used for pid, (_, used) in processes.items() if below(pid))


def cpu_times():
    """Seconds of CPU time of the machine and of this process with its descendants; None without /proc/stat."""
    try:
        machine = busy()
        own = resource.getrusage(resource.RUSAGE_SELF)
        return machine, own.ru_utime + own.ru_stime + descendants()
    except OSError:
        return None


def take_guarded(sample, runs, share, limit):
    samples, dropped, guarded, started = [], 0, True, time.perf_counter()
    while len(samples) < runs and (time.perf_counter() - started < limit or len(samples) + dropped < runs):
        group, begin, before = [], time.perf_counter(), cpu_times()
        while not group or time.perf_counter() - begin < 0.25:
            group.append(sample())
        after = cpu_times()
        elapsed = time.perf_counter() - begin
        guarded = before is not None and after is not None
        if not guarded or after[0] - before[0] - (after[1] - before[1]) <= share * elapsed + 1.2 * TICK:
            samples += group
        else:
            dropped += len(group)
            time.sleep(0.3)
    return samples, dropped, guarded


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", choices=list(torch_peer.steps))
    p.add_argument("--model", default="resnet18", choices=["convnet128", "resnet18", "inverted"])
    for name, default in (("batch", 64), ("classes", 100), ("real", 0), ("runs", 10), ("warmup", 2), ("threads", 2), ("together", 1)):
        p.add_argument(f"--{name}", type=int, default=default)
    for name in ("hooks", "at-once", "channels-last", "compile"):
        p.add_argument(f"--{name}", action="store_true")
    p.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    p.add_argument("--others", type=float, default=0.08)
    p.add_argument("--limit", type=float, default=90)
    args = p.parse_args()

    torch.manual_seed(0); torch.set_num_threads(args.threads)
    synchronise = lambda: None
    if args.device == "cuda":
        if not torch.cuda.is_available():
            sys.exit(f"PyTorch {torch.__version__} finds no CUDA GPU here")
        # torch_peer.py knows no devices: what it makes is made on the GPU, but for the shift, which it reads on the host.
        torch.set_default_device("cuda")
        torch.randint = functools.partial(torch.randint, device="cpu")
        synchronise = torch.cuda.synchronize

    started = time.perf_counter()
    step = torch_peer.steps[args.work](args)

    # A default device stands between Python and every function of PyTorch: it would slow the steps that are timed.
    torch.set_default_device(None)

    def sample():
        start = time.perf_counter()
        for _ in range(args.together):
            step()
        synchronise()
        return 1000 * (time.perf_counter() - start) / args.together

    sample()
    first = 1000 * (time.perf_counter() - started)
    for _ in range(1, args.warmup):
        sample()
    samples, dropped, guarded = take_guarded(sample, args.runs, args.others, args.limit)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 ** 2 if sys.platform == "darwin" else 1024)
    print(json.dumps({
        "work": args.work, "model": args.model, "batch": args.classes if args.work == "distill-step" else args.batch,
        "ms": round(statistics.median(samples), 2) if samples else None, "samples": [round(s, 2) for s in samples],
        "dropped": dropped, "guarded": guarded, "firstStepMs": round(first, 2), "peakMiB": round(peak),
        "deviceMiB": round(torch.cuda.max_memory_allocated() / 1024 ** 2) if args.device == "cuda" else None,
        "device": torch.cuda.get_device_name() if args.device == "cuda" else "cpu", "torch": torch.__version__,
        "channels_last": args.channels_last, "compile": args.compile}))


if __name__ == "__main__":
    main()
