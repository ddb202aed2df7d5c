"""Uses a mailbox by imaplib as a program would: lists, appends, searches, flags, copies, moves, expunges."""
import imaplib
import json
import ssl
import sys

plan = json.load(sys.stdin)
context = ssl._create_unverified_context()
if plan["how"] == "implicit":
    client = imaplib.IMAP4_SSL("127.0.0.1", plan["imaps"], timeout=20, ssl_context=context)
else:
    client = imaplib.IMAP4("127.0.0.1", plan["imap"], timeout=20)
    if plan["how"] == "starttls":
        client.starttls(context)


def done(answer):
    """The data of an answer, which must be OK."""
    kind, data = answer
    if kind != "OK":
        raise RuntimeError(f"{kind} {data}")
    return data


done(client.login(plan["user"], plan["password"]))
answer = {"capabilities": list(client.capabilities), "list": [line.decode() for line in done(client.list())]}
done(client.create("Plans/2026"))
done(client.subscribe("Plans/2026"))
answer["lsub"] = [line.decode() for line in done(client.lsub())]
answer["exists"] = int(done(client.select("INBOX"))[0])
numbers = done(client.search(None, "ALL"))[0].split()
for number in numbers:
    data = done(client.fetch(number, "(RFC822.SIZE BODY.PEEK[])"))
    with open(f"{plan['dir']}/{number.decode()}.eml", "wb") as file:
        file.write(data[0][1])
answer["unseen"] = [int(n) for n in done(client.search(None, "UNSEEN"))[0].split()]
done(client.store(b"1", "+FLAGS", r"(\Seen \Flagged $Work)"))
answer["seen"] = [int(n) for n in done(client.search(None, "SEEN", "KEYWORD", "$work"))[0].split()]
answer["subject"] = [int(n) for n in done(client.search(None, "SUBJECT", plan["subject"]))[0].split()]
answer["body"] = [int(n) for n in done(client.search("UTF-8", "BODY", plan["body"].encode()))[0].split()]
done(client.copy("1:2", "Plans/2026"))
done(client.append("Plans/2026", r"(\Draft)", imaplib.Time2Internaldate(86400.0 * 9000), plan["letter"].encode("latin-1")))
answer["status"] = done(client.status("Plans/2026", "(MESSAGES UNSEEN UIDNEXT)"))[0].decode()
done(client.uid("MOVE", "2", "Archive"))
done(client.store("1", "+FLAGS", r"(\Deleted)"))
answer["expunged"] = [int(n) for n in done(client.expunge()) if n]
answer["left"] = int(done(client.select("INBOX"))[0])
done(client.select("Archive", readonly=True))
answer["archived"] = done(client.fetch("1", "(FLAGS UID ENVELOPE BODYSTRUCTURE)"))[0].decode()
done(client.close())
done(client.rename("Plans/2026", "Plans/2027"))
done(client.delete("Plans/2027"))
client.logout()
json.dump(answer, sys.stdout)
