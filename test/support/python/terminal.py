"""Runs a command on a terminal of its own and answers each prompt the moment it is shown; prints all that the screen got."""
import json
import os
import pty
import sys

answers, command = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
seen, at = b"", 0
while True:
    try:
        got = os.read(terminal, 4096)
    except OSError:
        break
    if not got:
        break
    seen += got
    while answers and answers[0][0].encode() in seen[at:]:
        prompt, answer = answers.pop(0)
        at = seen.index(prompt.encode(), at) + len(prompt)
        os.write(terminal, answer.encode() + b"\r")
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
