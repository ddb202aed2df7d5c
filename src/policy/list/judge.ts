import { fieldsNamed, type Message, valueOf } from "../header/mod.ts";
import { BEEN_THERE, listId } from "./header.ts";

/** Why a mail is not what a person wrote to a list. */
export type NotPosted = "report" | "automatic" | "loop";

/**
 * Whether a mail is to be left alone: a report (its sender is nobody), written by a program (RFC 3834 §5), or back from where this list
 * sent it. Null: it is a post. Whoever sent it is told nothing: that is how circles begin.
 */
export function notPosted(
  message: Message,
  { sender, list }: { readonly sender: string; readonly list: string },
): NotPosted | null {
  if (sender === "") return "report";
  if (isAutomatic(message)) return "automatic";
  return hasListId(message, list) || hasBeenThere(message, list) ? "loop" : null;
}

/** Whether a program wrote it: Auto-Submitted says anything but "no" (RFC 3834 §5). */
export function isAutomatic(message: Message): boolean {
  return fieldsNamed(message, "auto-submitted").some((field) => {
    const [keyword] = valueOf(field).trim().toLowerCase().split(/[\s;(]/);
    return keyword !== "no";
  });
}

const BULK: ReadonlySet<string> = new Set(["bulk", "junk", "list"]);

/** Whether it is mail to many, to which no program answers (RFC 3834 §2). */
export function isBulk(message: Message): boolean {
  if (fieldsNamed(message, "list-id").length > 0) return true;
  return fieldsNamed(message, "precedence").some((field) => BULK.has(valueOf(field).trim().toLowerCase()));
}

function hasBeenThere(message: Message, list: string): boolean {
  return fieldsNamed(message, BEEN_THERE).some((field) => valueOf(field).trim().toLowerCase() === list);
}

/** Whether a List-Id names this list (RFC 2919 §6: case does not matter). */
function hasListId(message: Message, list: string): boolean {
  const id = `<${listId(list)}>`;
  return fieldsNamed(message, "list-id").some((field) => valueOf(field).toLowerCase().includes(id));
}
