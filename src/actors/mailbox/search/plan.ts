import { Failure } from "../../../base/mod.ts";
import { UID_MAX } from "../../../mail/uid.ts";
import type { MessageSet } from "../../../mail/mailbox_view.ts";
import type { SearchProgram } from "../../../mail/search_program.ts";
import { latin1, utf8 } from "../../../base/mod.ts";
import { casemap } from "../../../mime/mod.ts";
import { type FuzzyWord, type TextKey, wordsOf } from "../../../storage/mod.ts";
import { difference, intersection, isIn, type Ranges, rangesOf } from "../../../mail/ranges.ts";
import { annotationKey } from "./annotation_key.ts";
import type { Candidate, Verdict } from "./candidate.ts";
import { bestOf, meanOf, type Score, wordsScore } from "./relevancy.ts";
import { sentTest } from "./sent_date.ts";

/** Keys inside each other; a session refuses more, and so does the wire. */
export const PROGRAM_DEPTH_MAX = 64;
/** Keys of one search. */
export const PROGRAM_NODES_MAX = 2_000;
/** Keys of one search that look into the text of messages: each reads all of it. */
const TEXT_KEYS_MAX = 100;
/** Words of one search that are matched with tolerance. */
const FUZZY_WORDS_MAX = 64;

/** Keys of one search that look into annotations: each compares all that a message has. */
const ANNOTATION_KEYS_MAX = 20;

const DAY_MS = 86_400_000;

/** What a key needs to be decided: the row, the MIME index, the texts of the message. */
type Level = 0 | 1 | 2;

/** A search made ready. */
export interface Plan {
  /** Messages that can fit; null: all. */
  readonly candidates: Ranges | null;
  /** The same when it is known which messages hold what the text key of a number asks for (null: of that one it is not). */
  readonly narrowed: (hits: Hits) => Ranges | null;
  /** Whether all messages that are there in `narrowed` fit, when so much is known. */
  readonly isDecided: (hits: Hits) => boolean;
  /** Null: what is known of the candidate does not suffice. */
  readonly test: (candidate: Candidate) => Verdict;
  /** What is looked for in texts: the number of a key is its place. */
  readonly texts: readonly TextKey[];
  /** Whether some key asks for the MIME index. */
  readonly indexed: boolean;
  /** Whether some key asks for the conversation. */
  readonly threads: boolean;
  /** What is looked for in them with tolerance, in the same way. */
  readonly words: readonly FuzzyWord[];
  /** How well a candidate fits that does; null: all do alike. */
  readonly score: Score | null;
  /** Whether some key asks for annotations. */
  readonly annotated: boolean;
}

/** What a search is made ready with. */
export interface PlanContext {
  readonly uidsOf: (set: MessageSet) => Ranges;
  /** Messages from this UID on are recent. */
  readonly recentFrom: number;
  /** ms since 1970 UTC. */
  readonly nowMs: number;
  readonly emailId: EmailId;
}

/** EMAILID of a content (RFC 8474 §5.1). */
export type EmailId = (content: number) => string;

/** Messages that hold what the text key of a number asks for, but perhaps for some that are decided without it; null: not known. */
export type Hits = (key: number) => Ranges | null;

const NO_HITS: Hits = () => null;

interface Node {
  /** Messages that can fit; null: all. */
  readonly candidates: (hits: Hits) => Ranges | null;
  /** Whether all of those do that are there. */
  readonly isDecided: (hits: Hits) => boolean;
  readonly test: Plan["test"];
  /** What the dearest of its keys needs. */
  readonly cost: Level;
  /** How well it fits, when it says more than that it does. */
  readonly score?: Score | null;
}

/** Throws Failure `invalid` for a program that is too deep or too long. */
export function planSearch(program: SearchProgram, context: PlanContext): Plan {
  const planner = new Planner(context);
  const { candidates: narrowed, isDecided, test, score = null } = planner.node(program, 1, false);
  const { texts, words, indexed, threads, annotated } = planner;
  const candidates = narrowed(NO_HITS);
  return { candidates, narrowed, isDecided, test, texts, words, score, indexed, threads, annotated };
}

class Planner {
  readonly texts: TextKey[] = [];
  readonly words: FuzzyWord[] = [];
  indexed = false;
  threads = false;
  annotated = false;
  #nodes = 0;
  #annotations = 0;
  constructor(private readonly context: PlanContext) {}

  /** Calls itself, but no deeper than PROGRAM_DEPTH_MAX. `fuzzy`: it lies within FUZZY. */
  node(program: SearchProgram, depth: number, fuzzy: boolean): Node {
    if (depth > PROGRAM_DEPTH_MAX || ++this.#nodes > PROGRAM_NODES_MAX) {
      throw new Failure("invalid", "the search has too many keys");
    }
    switch (program.type) {
      case "and":
        return allOf(program.of.map((each) => this.node(each, depth + 1, fuzzy)));
      case "or":
        return anyOf(program.of.map((each) => this.node(each, depth + 1, fuzzy)));
      case "not": {
        const node = this.node(program.of, depth + 1, fuzzy);
        const { test, cost, isDecided } = node;
        const candidates = (hits: Hits) =>
          isDecided(hits) ? difference(EVERY_UID, node.candidates(hits) ?? EVERY_UID) : null;
        return { candidates, isDecided, test: (candidate) => negated(test(candidate)), cost };
      }
      case "fuzzy":
        return this.node(program.of, depth + 1, true);
      case "header": {
        const field = textOf(program.field);
        return this.#text(program.text, fuzzy, { in: "header", field, needle: textOf(program.text) });
      }
      case "body":
      case "text":
        return this.#text(program.text, fuzzy, { in: program.type, needle: textOf(program.text) });
      case "date":
        if (program.of === "sent") this.indexed = true;
        return dateKey(program);
      case "annotation":
        if (++this.#annotations > ANNOTATION_KEYS_MAX) {
          throw new Failure("invalid", "the search looks for too many annotations");
        }
        this.annotated = true;
        return leaf(1, annotationKey(program));
      case "objectId": {
        const { of, id } = program;
        if (of === "email") return leaf(0, ({ row }) => this.context.emailId(row.content) === id);
        this.indexed = this.threads = true;
        return leaf(1, ({ threadId }) => threadId === undefined ? null : threadId === id);
      }
      case "set": {
        const uids = this.context.uidsOf(program.set);
        return { ...leaf(0, ({ row }) => isIn(uids, row.uid)), candidates: () => uids, isDecided: always };
      }
      case "all":
      case "saveDateSupported": // RFC 8514 §4.3: every mailbox of ours has them.
        return { ...leaf(0, always), isDecided: always };
      default:
        return leaf(0, rowTest(program, this.context));
    }
  }
  #text(text: string, fuzzy: boolean, key: TextKey): Node {
    const words = fuzzy ? wordsOf(casemap(text)) : [];
    return words.length === 0 ? this.#textKey(key) : this.#wordsKey(words, key);
  }
  #wordsKey(words: readonly string[], key: TextKey): Node {
    if (this.words.length + words.length > FUZZY_WORDS_MAX) {
      throw new Failure("invalid", "the search looks for too many words");
    }
    const numbers = words.map((word) =>
      this.words.push(key.in === "header" ? { in: key.in, field: key.field, word } : { in: key.in, word }) - 1
    );
    const test = ({ row, grade }: Candidate) =>
      grade === null ? null : numbers.every((number) => grade(row.content, number) > 0);
    return { ...leaf(2, test), score: wordsScore(numbers) };
  }
  #textKey(key: TextKey): Node {
    if (this.texts.length === TEXT_KEYS_MAX) throw new Failure("invalid", "the search looks for too many texts");
    const number = this.texts.push(key) - 1;
    const test = ({ row, holds }: Candidate) => holds === null ? null : holds(row, number);
    return { ...leaf(2, test), candidates: (hits) => hits(number), isDecided: (hits) => hits(number) !== null };
  }
}

/** A text of the client's in the form in which texts are kept and compared. */
function textOf(text: string): string {
  return latin1(utf8(casemap(text)));
}

function leaf(cost: Level, test: Plan["test"]): Node {
  return { candidates: () => null, isDecided: () => false, test, cost };
}

const always = () => true;
const EVERY_UID = rangesOf([1, UID_MAX], 0);

/** Whether all are decided, and so what they are keys of. */
function areDecided(nodes: readonly Node[]): Node["isDecided"] {
  return (hits) => nodes.every(({ isDecided }) => isDecided(hits));
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
  const candidates = (hits: Hits) =>
    nodes.reduce<Ranges | null>((both, node) => {
      const one = node.candidates(hits);
      return both === null || one === null ? both ?? one : intersection(both, one);
    }, null);
  return { candidates, isDecided: areDecided(nodes), test, cost: costOf(nodes), score: meanOf(nodes) };
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
  const candidates = (hits: Hits) => {
    const sets = nodes.map((node) => node.candidates(hits));
    return sets.every((set) => set !== null) ? rangesOf(sets.flat(), 0) : null;
  };
  return { candidates, isDecided: areDecided(nodes), test, cost: costOf(nodes), score: bestOf(nodes) };
}

function byCost(nodes: readonly Node[]): Plan["test"][] {
  return [...nodes].sort((a, b) => a.cost - b.cost).map(({ test }) => test);
}

function costOf(nodes: readonly Node[]): Level {
  return Math.max(0, ...nodes.map(({ cost }) => cost)) as Level;
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
  {
    readonly type:
      | "and"
      | "or"
      | "not"
      | "fuzzy"
      | "header"
      | "body"
      | "text"
      | "date"
      | "set"
      | "objectId"
      | "annotation"
      | "all"
      | "saveDateSupported";
  }
>;

function rowTest(key: RowKey, { recentFrom, nowMs }: PlanContext): Plan["test"] {
  switch (key.type) {
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
  }
}
