import { describe, expect, it } from "vitest";
import { drawProgress } from "../../src/cli/progress.ts";
import { numbered, type ProgressEvent, progressTo } from "../../src/support/work/progress.ts";
import { captured } from "./world.ts";

/** A clock that is moved by hand, in seconds. */
const clock = () => {
  let ms = 0;
  return {
    now: () => ms,
    pass: (seconds: number) => {
      ms += 1000 * seconds;
    },
  };
};

describe("progress in a log", () => {
  it("prints nothing for a short task", () => {
    const { stream, text } = captured();
    const time = clock();
    const task = progressTo(drawProgress(stream, time.now).draw).task("teacher", 100);
    for (let i = 1; i <= 100; i++) {
      time.pass(0.01);
      task.update(i);
    }
    task.done();
    expect(text()).toBe("");
  });

  it("prints a line now and then, with the time left, and one at the end", () => {
    const { stream, text } = captured();
    const time = clock();
    const { draw, close } = drawProgress(stream, time.now);
    const progress = progressTo(draw);
    const task = progress.task("teacher", 1000);
    // A resumed task: 200 steps were done before.
    for (let i = 200; i <= 1000; i++) {
      task.update(i, { loss: 0.4 });
      time.pass(0.1);
    }
    progress.note("teacher: 85 %");
    task.done();
    task.done();
    task.update(5);
    close();
    expect(text()).toBe(
      [
        "teacher: 500 of 1,000, 50 %, 50 s left, loss 0.400",
        "teacher: 800 of 1,000, 80 %, 20 s left, loss 0.400",
        "teacher: 85 %",
        "teacher: ended after 1 min 20 s",
        "",
      ].join("\n"),
    );
  });

  it("says a result and its time in one line, whatever goes on meanwhile", () => {
    const { stream, text } = captured();
    const time = clock();
    const { draw, close } = drawProgress(stream, time.now);
    const [first, second] = [1, 2].map((number) => numbered(progressTo(draw), "student", { number, of: 9 }));
    const one = first!.task("student convnet", 10);
    time.pass(10);
    one.done();
    const test = first!.task("student convnet: test", 1);
    const other = second!.task("student resnet", 10);
    time.pass(5);
    other.update(1);
    test.done();
    first!.note("student convnet: 57.9 %");
    other.done();
    close();
    expect(text().split("\n")).toEqual([
      "student 1 of 9: convnet: 57.9 % (10 s)",
      "student 2 of 9: resnet: ended after 5.0 s",
      "",
    ]);
  });

  it("copes with a total that is not known", () => {
    const { stream, text } = captured();
    const time = clock();
    const task = progressTo(drawProgress(stream, time.now).draw).task("download", 0);
    task.update(0);
    time.pass(40);
    task.update(12, { loss: 0.41234, accuracy: 87.654 });
    expect(text()).toBe("download: loss 0.412, accuracy 87.7\n");
  });
});

describe("progress on a terminal", () => {
  it("draws bars after two seconds, prints notes above them, and clears them", () => {
    const { stream, text } = captured(70);
    const time = clock();
    const { draw, close } = drawProgress(stream, time.now);
    const progress = progressTo(draw);
    const task = progress.task("teacher convnet", 100);
    task.update(1);
    progress.note("before");
    expect(text()).toBe("before\n");
    time.pass(3);
    task.update(50, { loss: 0.412, "what does not fit": 1 });
    progress.note("between");
    expect(text()).toContain("between\n");
    expect(text()).toContain("teacher convnet  [############------------]   50 %  3.1 s left  loss");
    expect(text()).not.toContain("does not fit");
    const other = progress.task("second", 0);
    time.pass(3);
    other.update(3);
    task.done();
    progress.note("still drawn");
    expect(text()).toContain("second");
    other.done();
    other.done();
    progress.note("after");
    expect(text().endsWith("after\n")).toBe(true);
    close();
  });
});

describe("progress from events", () => {
  const script: readonly ProgressEvent[] = [
    { type: "start", task: 0, title: "teacher", total: 100 },
    { type: "note", text: "reading" },
    { type: "update", task: 0, done: 1 },
    { type: "start", task: 1, title: "bases", total: 0 },
    { type: "update", task: 0, done: 30, scalars: { loss: 1 / 3, rate: 1e-7 } },
    { type: "update", task: 1, done: 7, scalars: {} },
    // A terminal draws at once what stands below a note.
    { type: "note", text: "teacher: half of it" },
    { type: "update", task: 0, done: 60, scalars: { loss: 0.1 + 0.2 } },
    { type: "end", task: 0 },
    { type: "note", text: "teacher: 85 %" },
    { type: "end", task: 1 },
  ];

  it.each([
    ["a log", undefined],
    ["a terminal", 90],
  ])("is the same in %s when they went through JSON", (_where, columns) => {
    const textOf = (events: readonly ProgressEvent[]): string => {
      const { stream, text } = captured(columns);
      const time = clock();
      const { draw, close } = drawProgress(stream, time.now);
      for (const event of events) {
        draw(event);
        time.pass(31);
      }
      close();
      return text();
    };
    const text = textOf(script);
    expect(text).toContain("loss 0.333, rate 1.00e-7");
    expect(textOf(JSON.parse(JSON.stringify(script)))).toBe(text);
  });

  it("passes over those of a task whose start was missed", () => {
    const { stream, text } = captured();
    const time = clock();
    const { draw } = drawProgress(stream, time.now);
    time.pass(31);
    draw({ type: "update", task: 3, done: 1 });
    draw({ type: "end", task: 3 });
    expect(text()).toBe("");
  });
});
