import { describe, expect, test } from "vitest";
import { z } from "zod";
import { baseline, findMethod, methodNamed, methods } from "../../src/distill/registry.ts";
import { methodSchema, optionsOf } from "../../src/pipeline/recipe/method.ts";
import { aboutOf } from "../../src/support/fields.ts";
import { sourceFiles } from "../architecture/source-files.ts";

const names = methods.map(({ name }) => name);
const titled = methods.map((method) => [method.name, method] as const);

/** An option that is not a method's own, of one that has it. */
const foreign = methods.flatMap((method) =>
  [...new Set(methods.flatMap(optionsOf))]
    .filter((option) => !optionsOf(method).includes(option))
    .map((option) => {
      const owner = methods.find((one) => optionsOf(one).includes(option))!;
      const value = (owner.options.parse({}) as Record<string, unknown>)[option];
      return [method.name, option, value] as const;
    }),
);

/** What the schema says of a choice that it refuses. */
const refusal = (given: unknown): string => {
  const { error } = methodSchema.safeParse(given);
  return error?.issues[0]?.message ?? "nothing";
};

describe("the list of methods", () => {
  test("names, titles and papers are each one method's", () => {
    expect(new Set(names).size).toBe(methods.length);
    expect(new Set(methods.map(({ title }) => title)).size).toBe(methods.length);
    const papers = methods.flatMap(({ paper }) => paper ?? []);
    expect(new Set(papers).size).toBe(papers.length);
  });

  test("no two look the same in a plot", () => {
    expect(new Set(methods.map(({ family, mark }) => `${family} ${mark}`)).size).toBe(methods.length);
  });

  test("holds every method that the sources define", () => {
    const defined = sourceFiles()
      .filter(({ path }) => /^distill\/(methods|select)\//.test(path))
      .flatMap(({ text }) => [...text.matchAll(/^export const \w+ = defineMethod\(/gm)]);
    expect(defined).toHaveLength(methods.length);
  });

  test("methods are found by their names, and an unknown one is told with what it may have meant", () => {
    for (const method of methods) {
      expect(findMethod(method.name)).toBe(method);
      expect(methodNamed(method.name)).toBe(method);
    }
    expect(methods).toContain(baseline);
    expect(findMethod("toString")).toBeUndefined();
    expect(() => methodNamed("herdin")).toThrow('unknown method "herdin" (did you mean "herding"?)');
  });

  test("ablations and those that stand on another's work name methods that come before", () => {
    for (const [i, { ablates, worksOn }] of methods.entries()) {
      for (const other of [ablates, worksOn]) {
        if (other !== undefined) expect(names.slice(0, i)).toContain(other);
      }
    }
  });
});

describe.each(titled)("the record of %s", (name, method) => {
  test("is complete", () => {
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(method.title.trim()).toBe(method.title);
    expect(method.title).not.toBe("");
    // It completes a line of help.
    expect(method.about).toMatch(/^\S.*[^\s.]$/);
    if (method.paper !== undefined) expect(method.paper).toMatch(/^\d{4}\.\d{5}$/);
    expect(method.make).toBeInstanceOf(Function);
    // Who trains statistics into images needs a teacher that has them.
    if (method.needs.statistics) expect(method.needs.teachers).not.toBe("none");
  });

  test("has for every option a default that it takes, help, and what it expects", () => {
    expect(optionsOf(method)).toContain("storage");
    const defaults = method.options.parse({}) as Record<string, unknown>;
    expect(Object.keys(defaults).sort()).toEqual([...optionsOf(method)].sort());
    for (const option of optionsOf(method)) {
      const schema = method.options.shape[option];
      expect(schema, option).toBeInstanceOf(z.ZodDefault);
      const { help, expects } = aboutOf(schema as z.ZodType);
      expect(help, option).toMatch(/^\S.*\S$/);
      expect(expects, option).toMatch(/^\S.*\S$/);
      expect(method.options.parse({ [option]: defaults[option] }), option).toEqual(defaults);
    }
  });

  test("writes its defaults into a choice, and names the kinds of its jobs each once", () => {
    const choice = methodSchema.parse(name);
    expect(choice).toEqual({ name, ...(method.options.parse({}) as object) });
    expect(methodSchema.parse(choice)).toEqual(choice);
    const kinds = method.kinds?.(choice).map(({ kind }) => kind) ?? [];
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(kinds.length > 0 || ["random"].includes(name)).toBe(true);
  });
});

describe("a choice of method", () => {
  test("is refused with an option of another method", () => {
    expect(foreign.length).toBeGreaterThan(20);
    for (const [name, option, value] of foreign) {
      expect(refusal({ name, [option]: value })).toContain(`${name} has no option ${option}`);
    }
  });

  test("is told whose an option is, or what it may have meant", () => {
    expect(refusal({ name: "random", momentum: 0.5 })).toBe(
      "random has no option momentum (an option of dm, dsdm); it has storage",
    );
    expect(refusal({ name: "dm", learningrate: 1 })).toBe(
      'dm has no option learningrate (did you mean "learningRate"?); it has storage, iterations, learningRate, momentum, real, bits',
    );
    expect(refusal({ name: "random", nothing: 1 })).toContain("random has no option nothing");
  });

  test("is refused with a value that an option does not take", () => {
    expect(refusal({ name: "infer", alpha: -1 })).toBe("alpha: expected a number of at least 0, got -1");
    expect(refusal({ name: "infer", views: "zooms" })).toMatch(/^views: expected one of shifts, crops, got "zooms"/);
    expect(refusal({ name: "dm", momentum: 1 })).toMatch(/^momentum: expected a number of at least 0 and below 1/);
    for (const [name, option] of [
      ["infer-match", "compensators"],
      ["infer-match", "perClass"],
      ["infer-intra", "perClass"],
    ] as const)
      expect(refusal({ name, [option]: 0 })).toBe(`${option}: expected a whole number of at least 1, got 0`);
    expect(refusal({ name: "infer-match", sharing: "none" })).toBe(
      'sharing: expected one of all, class, both, got "none"',
    );
    expect(refusal({ name: "dm", bits: 9 })).toBe("bits: expected a whole number from 1 to 8, got 9");
    expect(refusal({ name: "sre2l", iterations: 1.5 })).toMatch(/^iterations: expected a whole number/);
  });

  test.each([undefined, null, 3, "", "nobody", {}, { name: 3 }, [], ["infer"]])("is refused as %j", (given) => {
    expect(methodSchema.safeParse(given).success).toBe(false);
  });
});
