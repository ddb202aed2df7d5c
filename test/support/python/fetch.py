"""Reads a maildrop by poplib in one of three ways, tries each command, and writes the messages into files."""
import json
import poplib
import ssl
import sys

plan = json.load(sys.stdin)
context = ssl._create_unverified_context()
poplib._MAXLINE = 65536

if plan["how"] == "implicit":
    client = poplib.POP3_SSL("127.0.0.1", plan["pop3s"], timeout=20, context=context)
else:
    client = poplib.POP3("127.0.0.1", plan["pop3"], timeout=20)
    if plan["how"] == "stls":
        client.stls(context=context)
answer = {"capa": client.capa()}
if plan["utf8"]:
    client.utf8()
client.user(plan["user"])
client.pass_(plan["password"])
count, size = client.stat()
answer["stat"] = [count, size]
answer["list"] = [line.decode() for line in client.list()[1]]
answer["uidl"] = [line.decode() for line in client.uidl()[1]]
answer["top"] = b"\r\n".join(client.top(1, 1)[1]).decode("latin-1")
for number in range(1, count + 1):
    with open(f"{plan['dir']}/{number}.eml", "wb") as file:
        file.write(b"".join(line + b"\r\n" for line in client.retr(number)[1]))
client.noop()
for number in plan["delete"]:
    client.dele(number)
if plan["rset"]:
    client.rset()
client.quit()
json.dump(answer, sys.stdout)
