import type { DirectoryProtocol } from "../../messages/mod.ts";
import {
  type Accepts,
  type Fields,
  fields,
  isActorAddress,
  isBoolean,
  isCount,
  isListOf,
  isOptional,
  isText,
  isWhole,
} from "../shape.ts";
import { isMode, isSettings } from "../list_shape.ts";
import { PAGE_MAX } from "./lists.ts";

/** UTF-16 units of a name, address or cursor. What is shorter and still no address is told so by name. */
const TEXT_CHARS_MAX = 4_096;
/** UTF-16 units of a login name and of a secret: a line of POP3 and its base64 hold less. What is too long is only refused. */
const CREDENTIAL_CHARS_MAX = 65_536;
/** Targets of one alias that are looked at; how many it may have is told by name. */
const TARGETS_MAX = 10_000;

/** Addresses in one certificate. */
const ADDRESSES_MAX = 100;

/** Selectors that are asked for at once. */
const SELECTORS_MAX = 100;

/** Octets of a SCRAM proof: those of the longest hash there is. */
const PROOF_BYTES_MAX = 64;

/** Limits that are named, each or none. */
function areLimits({ quotaBytes, quotaMessages }: Fields): boolean {
  return isOptional(quotaBytes, isCount) && isOptional(quotaMessages, isCount);
}

/** Whether requests of other workers have the form their types promise; whether they make sense is the actor's to say. */
export const directoryAccepts: Accepts<DirectoryProtocol> = {
  "directory.subscribe": fields(({ subscriber }) => isActorAddress(subscriber)),
  "directory.authenticate": fields(({ user, secret, service, remote }) =>
    isText(user, CREDENTIAL_CHARS_MAX) && isText(secret, CREDENTIAL_CHARS_MAX) && text(service) && text(remote)
  ),
  "directory.scramStart": fields(({ user, hash }) => isText(user, CREDENTIAL_CHARS_MAX) && isScramHash(hash)),
  "directory.scramProof": fields(({ user, hash, authMessage, proof, service, remote }) =>
    isText(user, CREDENTIAL_CHARS_MAX) && isScramHash(hash) && isText(authMessage, CREDENTIAL_CHARS_MAX) &&
    proof instanceof Uint8Array && proof.length <= PROOF_BYTES_MAX && text(service) && text(remote)
  ),
  "directory.bearer": fields(({ user, token, service, remote }) =>
    (user === null || isText(user, CREDENTIAL_CHARS_MAX)) && isText(token, CREDENTIAL_CHARS_MAX) && text(service) &&
    text(remote)
  ),
  "directory.certified": fields(({ user, addresses, service, remote }) =>
    (user === null || isText(user, CREDENTIAL_CHARS_MAX)) && isListOf(addresses, ADDRESSES_MAX, text) &&
    text(service) &&
    text(remote)
  ),
  "directory.snapshot": () => true,
  "directory.status": () => true,
  "directory.settled": () => true,
  "directory.domainList": fields(isPage),
  "directory.accountList": fields(isPage),
  "directory.aliasList": fields(isPage),
  "directory.accountGet": fields(({ address }) => text(address)),
  "directory.domainAdd": fields((request) =>
    isChange(request) && text(request["name"]) && isOptional(request["aliasOf"], text) &&
    isOptional(request["catchAll"], text)
  ),
  "directory.domainUpdate": fields((request) =>
    isChange(request) && text(request["name"]) && isOptional(request["disabled"], isBoolean) &&
    isOptional(request["catchAll"], textOrNull)
  ),
  "directory.domainRemove": fields((request) => isChange(request) && text(request["name"])),
  "directory.accountAdd": fields((request) =>
    isChange(request) && text(request["address"]) && isText(request["password"], CREDENTIAL_CHARS_MAX) &&
    areLimits(request)
  ),
  "directory.accountUpdate": fields((request) =>
    isChange(request) && text(request["address"]) && isOptional(request["password"], credential) &&
    areLimits(request) && isOptional(request["disabled"], isBoolean)
  ),
  "directory.accountRemove": fields((request) => isChange(request) && text(request["address"])),
  "directory.appPasswordAdd": fields((request) =>
    isChange(request) && text(request["address"]) && text(request["label"]) &&
    isListOf(request["scopes"], TARGETS_MAX, text) && isOptional(request["expiresAt"], text)
  ),
  "directory.appPasswordList": fields(({ address }) => text(address)),
  "directory.appPasswordRemove": fields((request) =>
    isChange(request) && text(request["address"]) && text(request["id"])
  ),
  "directory.aliasAdd": fields((request) =>
    isChange(request) && text(request["address"]) && isListOf(request["targets"], TARGETS_MAX, text)
  ),
  "directory.aliasRemove": fields((request) => isChange(request) && text(request["address"])),
  "directory.banAdd": fields((request) =>
    isChange(request) && text(request["network"]) && (request["forMs"] === null || isCount(request["forMs"])) &&
    text(request["reason"])
  ),
  "directory.banRemove": fields((request) => isChange(request) && text(request["network"])),
  "directory.banList": fields(isPage),
  "directory.dkimRotate": fields((request) => isChange(request) && text(request["domain"])),
  "directory.dkimActivate": fields((request) => isChange(request) && text(request["domain"])),
  "directory.dkimList": fields(isPage),
  "directory.dkimRemove": fields((request) =>
    isChange(request) && text(request["domain"]) && text(request["selector"])
  ),
  "directory.signingKeys": fields(({ domain, selectors }) => text(domain) && isListOf(selectors, SELECTORS_MAX, text)),
  "directory.listAdd": fields((request) =>
    isChange(request) && text(request["address"]) && isListOf(request["owners"], TARGETS_MAX, text) &&
    isOptional(request["moderators"], isTexts) && isSettings(request)
  ),
  "directory.listUpdate": fields((request) =>
    isChange(request) && text(request["address"]) && isOptional(request["owners"], isTexts) &&
    isOptional(request["moderators"], isTexts) && isSettings(request)
  ),
  "directory.listRemove": fields((request) => isChange(request) && text(request["address"])),
  "directory.listList": fields(isPage),
  "directory.listGet": fields(({ address }) => text(address)),
  "directory.memberPut": fields((request) => isChange(request) && isMemberName(request) && isMode(request["mode"])),
  "directory.memberRemove": fields((request) => isChange(request) && isMemberName(request)),
  "directory.memberGet": fields(isMemberName),
  "directory.memberPage": fields(({ list, after, limit }) =>
    text(list) && textOrNull(after) && isWhole(limit, 1, PAGE_MAX)
  ),
  "directory.memberBounced": fields(isMemberName),
  // Only the actor itself sends it, and that never crosses a border.
  "directory.remind": () => false,
};

function text(value: unknown): value is string {
  return isText(value, TEXT_CHARS_MAX);
}

function isScramHash(value: unknown): boolean {
  return value === "SHA-1" || value === "SHA-256";
}

function textOrNull(value: unknown): value is string | null {
  return value === null || text(value);
}

function credential(value: unknown): value is string {
  return isText(value, CREDENTIAL_CHARS_MAX);
}

function isChange(request: Fields): boolean {
  return isOptional(request["dryRun"], isBoolean);
}

function isTexts(value: unknown): value is string[] {
  return isListOf(value, TARGETS_MAX, text);
}

function isMemberName({ list, address }: Fields): boolean {
  return text(list) && text(address);
}

function isPage({ domain, after, limit }: Fields): boolean {
  return textOrNull(domain) && textOrNull(after) && isWhole(limit, 1, PAGE_MAX);
}
