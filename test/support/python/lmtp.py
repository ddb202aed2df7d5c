"""Hands one letter over by smtplib.LMTP; the plan and the answer for each recipient are JSON on standard input and output."""
import json
import smtplib
import sys

plan = json.load(sys.stdin)
with smtplib.LMTP("127.0.0.1", plan["port"], local_hostname="client.test") as client:
    client.ehlo_or_helo_if_needed()
    with open(plan["file"], "rb") as file:
        content = file.read()
    client.mail(plan["from"], [f"SIZE={len(content)}"])
    answers = {name: client.rcpt(name) for name in plan["to"]}
    taken = [name for name in plan["to"] if answers[name][0] == 250]
    # smtplib itself reads one reply only.
    replies = [client.data(content)] + [client.getreply() for _ in taken[1:]]
    answers.update(zip(taken, replies))
    codes = {name: code for name, (code, _) in answers.items()}
    json.dump({"features": client.esmtp_features, "codes": codes}, sys.stdout)
