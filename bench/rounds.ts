import { here, lineFrom, type Measurement, ours } from "./measure.ts";
import type { Options } from "./options.ts";
import { type Setting, settingsOf, turned } from "./settings.ts";
import { median } from "./statistics.ts";
import type { Side } from "./summary.ts";
import type { Work } from "./works.ts";

/** One work's sides after each round. */
export interface Sides {
  readonly ours: Side;
  readonly torch: readonly Side[];
}

interface Growing {
  readonly setting: Setting;
  readonly rounds: (Measurement | undefined)[];
  failure?: string;
}

const said = (what: string, { samples, dropped }: Measurement): void => {
  const middle = samples.length === 0 ? "no undisturbed sample" : `${median(samples).toFixed(1)} ms`;
  console.error(`  ${what}: ${middle}, n ${samples.length}, dropped ${dropped}`);
};

/**
 * Measures a work round by round: ours, then every setting of the rival, each in a fresh process. A setting that fails is
 * not tried again. Yields what is known after each round.
 */
export async function* roundsOf(work: Work, options: Options, withTorch: boolean): AsyncGenerator<Sides> {
  const common = [
    ...["--device", options.device, "--threads", `${options.threads}`, "--together", `${options.together}`],
    ...["--runs", `${options.runs ?? work.runs}`, "--others", `${options.others}`, "--limit", `${options.limit}`],
  ];
  // PyTorch has no WebGPU: its way to the same card is CUDA. Both sides compute as precisely, by the libraries' own variable.
  const rivalDevice = options.device === "cpu" ? [] : ["--device", "cuda"];
  const precision = options.device === "cuda" ? { NVIDIA_TF32_OVERRIDE: "0" } : {};
  const mine: Measurement[] = [];
  const rivals: Growing[] = (withTorch ? settingsOf(work, options.settings, options.pages) : []).map((setting) => ({
    setting,
    rounds: [],
  }));
  for (let round = 0; round < options.rounds; round++) {
    console.error(`${work.name}: round ${round + 1} of ${options.rounds}`);
    const own = await ours<Measurement>("step.ts", [...work.ours, ...common, "--rules", options.rules]);
    said("ours", own);
    mine.push(own);
    for (const rival of turned(rivals, round)) {
      if (rival.failure !== undefined) continue;
      const { name, args, env, warmup } = rival.setting;
      const warm = ["--warmup", `${warmup}`];
      const program = [here("peers/guarded.py"), ...work.torch, ...args, ...common, ...rivalDevice, ...warm];
      try {
        const measured = await lineFrom<Measurement>(options.python, program, { ...env, ...precision });
        said(name, measured);
        rival.rounds[round] = measured;
      } catch (error) {
        rival.failure = (error as Error).message;
        console.error(`  ${name}: failed: ${rival.failure}`);
      }
    }
    yield {
      ours: { setting: "", rounds: [...mine] },
      torch: rivals.map(({ setting, rounds, failure }) => ({
        setting: setting.name,
        rounds: mine.map((_, i) => rounds[i]),
        ...(failure === undefined ? {} : { failure }),
      })),
    };
  }
}
