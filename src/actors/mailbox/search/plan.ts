import { Failure } from "../../../base/mod.ts";
import type { MessageSet } from "../../../mail/mailbox_ask.ts";
import type { SearchProgram } from "../../../mail/search_program.ts";
import { casemap } from "../../../mime/mod.ts";
import { intersection, isIn, type Ranges, rangesOf } from "../views/mod.ts";
import type { Candidate, Verdict } from "./candidate.ts";
import { headerTest, sentTest } from "./header_tests.ts";

/** Keys inside each other; a session refuses more, and so does the wire. */
export const PROGRAM_DEPTH_MAX = 64;
/** Keys of one search. */
export const PROGRAM_NODES_MAX = 2_000;
/** Keys of one search that look into the text of messages: each reads all of it. */
const TEXT_KEYS_MAX = 100;

const DAY_MS = 86_400_000;

/** What a key needs to be decided: the row, the MIME index, the message. */
type Level = 0 | 1 | 2;

/** A search made ready. */
export interface Plan {
  /** Messages that can fit; null: all. */
  readonly candidates: Ranges | null;
  /** Null: what is known of the candidate does not suffice. */
  readonly test: (candidate: Candidate) => Verdict;
  /** Whether rows alone can rule a message out. */
  readonly cheap: boolean;
  readonly level: Level;
}

/** What a search is made ready with. */
export interface PlanContext {
  readonly uidsOf: (set: MessageSet) => Ranges;
  /** Messages from this UID on are recent. */
  readonly recentFrom: number;
  /** ms since 1970 UTC. */
  readonly nowMs: number;
  readonly emailId: (content: number) => string;
}

interface Node {
  readonly candidates: Ranges | null;
  readonly test: Plan["test"];
  /** What the cheapest of its keys needs, and the dearest. */
  readonly least: Level;
  readonly most: Level;
}

/** Throws Failure `invalid` for a program that is too deep or too long. */
export function planSearch(program: SearchProgram, context: PlanContext): Plan {
  const { candidates, test, least, most } = new Planner(context).node(program, 1);
  return { candidates, test, cheap: least === 0, level: most };
}

class Planner {
  #nodes = 0;
  #texts = 0;
  constructor(private readonly context: PlanContext) {}

  /** Calls itself, but no deeper than PROGRAM_DEPTH_MAX. */
  node(program: SearchProgram, depth: number): Node {
    if (depth > PROGRAM_DEPTH_MAX || ++this.#nodes > PROGRAM_NODES_MAX) {
      throw new Failure("invalid", "the search has too many keys");
    }
    switch (program.type) {
      case "and":
        return allOf(program.of.map((each) => this.node(each, depth + 1)));
      case "or":
        return anyOf(program.of.map((each) => this.node(each, depth + 1)));
      case "not": {
        const { test, least, most } = this.node(program.of, depth + 1);
        return { candidates: null, test: (candidate) => negated(test(candidate)), least, most };
      }
      case "header":
        return leaf(1, headerTest(program.field, casemap(program.text)));
      case "body":
      case "text":
        return this.#textKey(program.type, casemap(program.text));
      case "date":
        return dateKey(program);
      case "set": {
        const uids = this.context.uidsOf(program.set);
        return { ...leaf(0, ({ row }) => isIn(uids, row.uid)), candidates: uids };
      }
      default:
        return leaf(0, rowTest(program, this.context));
    }
  }
  #textKey(where: "body" | "text", needle: string): Node {
    if (++this.#texts > TEXT_KEYS_MAX) throw new Failure("invalid", "the search looks for too many texts");
    return leaf(2, ({ texts }) => {
      if (texts === null) return null;
      return texts.body.includes(needle) || (where === "text" && texts.header.includes(needle));
    });
  }
}

function leaf(level: Level, test: Plan["test"]): Node {
  return { candidates: null, test, least: level, most: level };
}

function negated(verdict: Verdict): Verdict {
  return verdict === null ? null : !verdict;
}

/** True when all are; what needs least is asked first. */
function allOf(nodes: readonly Node[]): Node {
  const tests = byCost(nodes);
  const test = (candidate: Candidate) => {
    let verdict: Verdict = true;
    for (const each of tests) {
      const one = each(candidate);
      if (one === false) return false;
      if (one === null) verdict = null;
    }
    return verdict;
  };
  const candidates = nodes.reduce<Ranges | null>((both, { candidates }) => {
    return both === null || candidates === null ? both ?? candidates : intersection(both, candidates);
  }, null);
  return { candidates, test, ...costs(nodes) };
}

/** True when one is. */
function anyOf(nodes: readonly Node[]): Node {
  const tests = byCost(nodes);
  const test = (candidate: Candidate) => {
    let verdict: Verdict = false;
    for (const each of tests) {
      const one = each(candidate);
      if (one === true) return true;
      if (one === null) verdict = null;
    }
    return verdict;
  };
  const sets = nodes.map(({ candidates }) => candidates);
  const candidates = sets.every((set) => set !== null) ? rangesOf(sets.flat(), 0) : null;
  return { candidates, test, ...costs(nodes) };
}

function byCost(nodes: readonly Node[]): Plan["test"][] {
  return [...nodes].sort((a, b) => a.most - b.most || a.least - b.least).map(({ test }) => test);
}

function costs(nodes: readonly Node[]): { readonly least: Level; readonly most: Level } {
  const least = Math.min(2, ...nodes.map(({ least }) => least)) as Level;
  return { least, most: Math.max(0, ...nodes.map(({ most }) => most)) as Level };
}

type DateKey = Extract<SearchProgram, { readonly type: "date" }>;

/** RFC 9051 §6.4.4: time and time zone are disregarded. */
function dateKey({ of, than, dayMs }: DateKey): Node {
  const fits = (ms: number) =>
    than === "before" ? ms < dayMs : ms >= dayMs && (than === "since" || ms < dayMs + DAY_MS);
  if (of === "sent") return leaf(1, sentTest(fits));
  return leaf(0, ({ row }) => fits(of === "internal" ? row.internalDateMs : row.savedMs));
}

type RowKey = Exclude<
  SearchProgram,
  { readonly type: "and" | "or" | "not" | "header" | "body" | "text" | "date" | "set" }
>;

function rowTest(key: RowKey, { recentFrom, nowMs, emailId }: PlanContext): Plan["test"] {
  switch (key.type) {
    case "all":
    case "saveDateSupported": // RFC 8514 §4.3: every mailbox of ours has them.
      return () => true;
    case "flags":
      return ({ row }) => (row.flags & key.flags) === key.flags;
    case "keyword": {
      const wanted = key.keyword.toLowerCase();
      return ({ row }) => row.keywords.some((keyword) => keyword.toLowerCase() === wanted);
    }
    case "recent":
      return ({ row }) => row.uid >= recentFrom;
    case "size":
      return key.than === "larger" ? ({ row }) => row.size > key.bytes : ({ row }) => row.size < key.bytes;
    case "age": { // RFC 5032 §3
      const limitMs = nowMs - key.seconds * 1_000;
      return ({ row }) => key.than === "younger" ? row.internalDateMs >= limitMs : row.internalDateMs <= limitMs;
    }
    case "modSeq":
      return ({ row }) => row.modSeq >= key.atLeast;
    case "objectId": // No message has a THREADID.
      return ({ row }) => key.of === "email" && emailId(row.content) === key.id;
  }
}
