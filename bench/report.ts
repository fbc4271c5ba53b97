import type { Machine } from "./machine.ts";
import type { Roofline } from "./roofline.ts";
import type { SideSummary, WorkSummary } from "./summary.ts";

/** Everything a run of the benchmark says; what results/bench.json holds. */
export interface Report {
  readonly machine: Machine;
  readonly device: string;
  readonly settings: {
    readonly rounds: number;
    readonly threads: number;
    readonly together: number;
    /** `none`: our graphs without the rules of the device. */
    readonly rules?: string;
    /** Share of one core that other processes may use during a sample; a number of 1 or more accepts nearly everything. */
    readonly others: number;
    /** Whether the machine told what other processes did. */
    readonly guarded: boolean;
  };
  readonly roofline: Roofline | undefined;
  readonly works: readonly WorkSummary[];
}

export interface Rows {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const nothing = "-";

const digits = (ms: number): string => ms.toFixed(ms < 100 ? 1 : 0);

const time = (side: SideSummary | undefined): string =>
  side === undefined || side.n === 0
    ? nothing
    : `${digits(side.median)} (${digits(side.quartiles[0])}-${digits(side.quartiles[1])})`;

const times = (side: SideSummary | undefined): string => {
  if (!side?.ratio) return nothing;
  const { value, rounds } = side.ratio;
  const range = rounds.length < 2 ? "" : ` (${Math.min(...rounds).toFixed(2)}-${Math.max(...rounds).toFixed(2)})`;
  return `${value.toFixed(2)}x${range}`;
};

const counts = (sides: readonly (SideSummary | undefined)[], field: "n" | "dropped"): string =>
  sides.map((side) => side?.[field] ?? nothing).join(" / ");

const bestOf = ({ torch, best }: WorkSummary): SideSummary | undefined => torch.find(({ setting }) => setting === best);

const mainRows = (works: readonly WorkSummary[]): Rows => ({
  title: "Milliseconds a step: median (quartiles); PyTorch takes: ratio of the medians (range over rounds)",
  head: [
    "step",
    "GFLOP",
    "ours",
    "PyTorch default",
    "PyTorch best",
    "its setting",
    "default takes",
    "best takes",
    "n: ours / default / best",
    "dropped",
  ],
  rows: works.map((work) => {
    const [best, standard] = [bestOf(work), work.torch.find(({ setting }) => setting === "default")];
    const sides = [work.ours, standard, best];
    return [
      work.work,
      work.gflop.toFixed(1),
      time(work.ours),
      time(standard),
      time(best),
      best?.setting ?? nothing,
      times(standard),
      times(best),
      counts(sides, "n"),
      counts(sides, "dropped"),
    ];
  }),
});

const seconds = (side: SideSummary | undefined): string =>
  side && Number.isFinite(side.firstStepMs) ? (side.firstStepMs / 1000).toFixed(1) : nothing;

const memory = (side: SideSummary | undefined): string =>
  side && Number.isFinite(side.peakMiB) ? String(side.peakMiB) : nothing;

const ourRows = (works: readonly WorkSummary[], roofline: Roofline | undefined): Rows => ({
  title:
    "Our rate, of the convolutions' and matrix products' operations; start-up is from an empty graph to the first step " +
    "done, memory the process's peak",
  head: [
    "step",
    "GFLOP/s",
    "% of best rate",
    "start-up, s",
    "PyTorch default",
    "PyTorch best",
    "memory, MiB",
    "PyTorch default",
    "PyTorch best",
  ],
  rows: works.map((work) => {
    const { ours, gflop } = work;
    const [best, standard] = [bestOf(work), work.torch.find(({ setting }) => setting === "default")];
    const rate = ours.n > 0 ? (1000 * gflop) / ours.median : Number.NaN;
    const share = (100 * rate) / (roofline?.best ?? 0);
    return [
      work.work,
      Number.isFinite(rate) ? rate.toFixed(0) : nothing,
      Number.isFinite(share) ? share.toFixed(0) : nothing,
      ...[ours, standard, best].map(seconds),
      ...[ours, standard, best].map(memory),
    ];
  }),
});

const settingRows = (works: readonly WorkSummary[]): Rows => ({
  title: "Every setting of PyTorch",
  head: ["step", "setting", "ms", "takes", "n", "dropped", "start-up, s", "memory, MiB"],
  rows: works.flatMap(({ work, torch }) =>
    torch.map((side) => [
      work,
      side.setting,
      side.failure === undefined ? time(side) : `failed: ${side.failure}`,
      times(side),
      String(side.n),
      String(side.dropped),
      seconds(side),
      memory(side),
    ]),
  ),
});

export const tablesOf = ({ works, roofline }: Report): readonly Rows[] =>
  [mainRows(works), ourRows(works, roofline), settingRows(works)].filter(({ rows }) => rows.length > 0);

const guardNote = ({ guarded, others }: Report["settings"], works: readonly WorkSummary[]): string => {
  if (!guarded)
    return "This system has no /proc/stat: samples could not be checked for other processes, all were kept.";
  if (others >= 1) return "DISTURBED: samples were kept whatever other processes did (--others).";
  const dropped = works.flatMap(({ ours, torch }) => [ours, ...torch]).reduce((n, side) => n + side.dropped, 0);
  return `Samples during which other processes used more than ${100 * others} % of one core were dropped: ${dropped}.`;
};

/** 0 stands for "no undisturbed sample". */
const rate = (n: number): string => (n === 0 ? nothing : String(n));

/** What a reader needs to know beside the numbers, a sentence each. */
export const notesOf = ({ machine, device, settings, roofline, works }: Report): string[] => [
  `${machine.processor} (${machine.instructions}), ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}; ` +
    `Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}` +
    `${machine.torch ? `, PyTorch ${machine.torch}` : "; no PyTorch, so only our side was measured"}.`,
  `Device ${device}${machine.gpu ? ` (${machine.gpu})` : ""}, ${settings.threads} threads on both sides, ` +
    `${settings.rounds} round${settings.rounds === 1 ? "" : "s"}: ours, then every setting of PyTorch, each in a fresh process` +
    `${settings.together > 1 ? `; ${settings.together} steps queued at once` : ""}` +
    `${settings.rules === "none" ? "; our graphs without the device's own rules" : ""}.`,
  guardNote(settings, works),
  ...(roofline
    ? [
        `Best rates through our runtime: matrix product ${rate(roofline.matmul)} GFLOP/s, convolution ` +
          `${rate(roofline.convolution)} GFLOP/s, addition ${rate(roofline.add)} GB/s.`,
      ]
    : []),
];

const cell = (text: string): string => text.replaceAll("|", "\\|");

const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;

export const markdownOf = (report: Report): string => {
  const tables = tablesOf(report).flatMap(({ title, head, rows }) => [
    `${title}:`,
    [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"),
  ]);
  const end = "Made by `npm run bench`; every sample is in the JSON file of the same name.\n";
  return ["# Steps beside PyTorch's", ...notesOf(report), ...tables, end].join("\n\n");
};
