import { describe, expect, it } from "vitest";
import { commandLine } from "./world.ts";

const words = (line: string): string[] => line.split(" ");

describe("an option that means nothing where it is given", () => {
  it.each([
    ["run --data demo --resize 16", "command line: resize is for image folders, not for demo; leave it out", "RECIPE"],
    ["teach --data cifar10 --skip-unreadable", "skipUnreadable is for image folders, not for cifar10", "RECIPE"],
    ["run --data demo --archive a.tar", "--archive is for cifar10 and cifar100, not for demo; leave it out", "USAGE"],
    ["run --data photos/ --archive a.tar", "--archive is for cifar10 and cifar100, not for a folder such as photos/"],
    ["run --data demo --compare-ipc 5", "--compare-ipc is for distillery compare; leave it out"],
    ["distill --data demo --compare-methods infer", "--compare-methods is for distillery compare"],
    [
      "compare --data demo --method dm",
      "--method is for the other commands: compare makes the sets of --compare-methods",
    ],
    [
      "compare --data demo --ipc 3 --compare-ipc 5,9",
      "--ipc is idle beside --compare-ipc 5,9, the budgets that compare",
    ],
    ["run --data demo --method random --iterations 5", "--iterations is for the methods infer, infer-noise, "],
    [
      "run --data demo --method infer-copies --iterations 5",
      "--iterations is for the methods infer, infer-noise, infer-one-teacher, infer-rded, sre2l, cda, dwa, gvbsm, cim, dm, dsdm, ncfm, idc, mtt, match, curriculum, infer-match, infer-intra, not for infer-copies",
    ],
    [
      "compare --data demo --compare-methods random,rded --iterations 5",
      "--iterations is for the methods infer, infer-noise, infer-one-teacher, infer-rded, sre2l, cda, dwa, gvbsm, cim, dm, dsdm, ncfm, idc, mtt, match, curriculum, infer-match, infer-intra, not for random, rded",
    ],
    [
      "teach --data demo --teachers a.safetensors --teacher-epochs 3",
      "--teacher-epochs is for teachers that are trained",
    ],
    [
      "run --data photos/ --teachers net.onnx,mine.SAFETENSORS --teacher-epochs 3",
      "--teacher-epochs is for teachers that are trained",
    ],
    [
      "teach --data demo --teacher-optimiser adamw --teacher-momentum 0.5",
      "--teacher-momentum is for the optimisers sgd and",
    ],
    ["teach --data demo --teacher-filter-rate 0.5", "--teacher-filter-rate is for the optimiser muon, not for sgd"],
    [
      "teach --data demo --teacher-crop resize --teacher-shift 0.1",
      "--teacher-shift is for crops by shift, not by resize",
    ],
    ["run --data demo --full-epochs 0 --full-batch 8", "--full-batch is idle where --full-epochs is 0"],
    [
      "run --data demo --queue redis://host --jobs 2",
      "--jobs is for the jobs of this process; with --queue each worker has its own --jobs; leave it out",
    ],
    [
      "work --queue redis://host --status --memory 2GB",
      "--memory is for doing jobs, and --status does none; leave it out",
    ],
    ["work --queue redis://host --status --artefacts a", "--artefacts is for doing jobs, and --status does none"],
    ["data demo --resize 16", "--resize is for image folders, not for demo; leave it out"],
    ["data cifar10 --resize 16", "--resize is for image folders, not for cifar10"],
    ["data cifar10 --skip-unreadable", "--skip-unreadable is for image folders, not for cifar10"],
    ["data cifar10 --seed 3", "--seed is for demo, not for cifar10"],
    ["data photos/ --seed 3", "--seed is for demo, not for a folder such as photos/"],
    ["data demo --download", "--download is for cifar10 and cifar100, not for demo"],
    ["data photos/ --archive a.tar", "--archive is for cifar10 and cifar100, not for a folder such as photos/"],
    ["data cifar10 --archive a.tar --download", "--download is idle beside --archive a.tar, which is read instead"],
    ["data --resize 16", "--resize is for one data set, e.g. distillery data cifar10"],
  ])("is refused: %s", async (line, message, code = "USAGE") => {
    const { exit, stderr, calls } = await commandLine(words(line));
    expect(stderr).toContain(message);
    expect(stderr).toContain(`code ${code}, exit status 2`);
    expect({ exit, calls }).toEqual({ exit: 2, calls: [] });
  });

  it.each([
    "run --data photos/ --resize 16 --skip-unreadable --method infer --method-option alpha=1 --method-option bases=confidence",
    "run --data cifar10 --archive a.tar.gz --method infer-copies --method-option bases=confidence --label-bytes 9KB",
    "run --data demo --method dm --iterations 5 --full-batch 8 --seed 3",
    "compare --data demo --compare-methods random,infer --compare-ipc 5 --iterations 9",
    "compare --data demo --ipc 3",
    "teach --data demo --teachers a.safetensors,convnet --teacher-epochs 3 --teacher-shift 0.1 --teacher-momentum 0.5",
    "teach --data demo --teachers resnet18=a.safetensors --teacher-views",
    "teach --data demo --teacher-optimiser muon --teacher-filter-rate 0.2 --teacher-fill reflect",
    "run --recipe compare-demo --method random",
    "compare --recipe compare-demo --ipc 5",
    "teach --recipe teacher-cifar10-fast --seed 1",
  ])("is taken where it means something: %s", async (line) => {
    expect(await commandLine(words(line))).toMatchObject({ exit: 0, stderr: "", calls: [{}] });
  });
});
