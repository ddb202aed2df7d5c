"""Sends each letter of a plan by smtplib; the plan and the answers are JSON on standard input and output."""
import json
import smtplib
import ssl
import sys

plan = json.load(sys.stdin)
context = ssl._create_unverified_context()
answers = []


def connect(how, login):
    implicit, plain = ("submissions", "submission") if login else ("smtps", "smtp")
    if how == "implicit":
        return smtplib.SMTP_SSL("127.0.0.1", plan[implicit], timeout=20, context=context)
    client = smtplib.SMTP("127.0.0.1", plan[plain], timeout=20)
    if how == "starttls":
        client.ehlo()
        client.starttls(context=context)
    return client


for letter in plan["letters"]:
    login = letter.get("login")
    with connect(letter["how"], login) as client:
        client.ehlo("client.test")
        if login:
            client.login(login["user"], login["password"])
        with open(letter["file"], "rb") as file:
            content = file.read()
        refused = client.sendmail(letter["from"], letter["to"], content, mail_options=letter["options"])
        answers.append({"features": client.esmtp_features, "refused": list(refused)})
json.dump(answers, sys.stdout)
