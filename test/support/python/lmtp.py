"""Hands one letter over by smtplib.LMTP; the plan and the answer for each recipient are JSON on standard input and output."""
import json
import smtplib
import sys

plan = json.load(sys.stdin)
with smtplib.LMTP("127.0.0.1", plan["port"], local_hostname="client.test") as client:
    client.ehlo_or_helo_if_needed()
    with open(plan["file"], "rb") as file:
        content = file.read()
    try:
        refused = client.sendmail(plan["from"], plan["to"], content)
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    answers = {name: [code, text.decode()] for name, (code, text) in refused.items()}
    json.dump({"features": client.esmtp_features, "refused": answers}, sys.stdout)
