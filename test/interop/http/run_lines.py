"""Runs a Python script once for each line of arguments, in one interpreter: starting one takes longer than
what the script does. Reads JSON lists of arguments, prints the exit code and the output of each as JSON."""

import contextlib
import io
import json
import runpy
import sys
import traceback


def run(script, arguments):
    output = io.StringIO()
    code = 0
    sys.argv = [script, *arguments]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except Exception:
            traceback.print_exc()
            code = 1
    return {"code": code, "output": output.getvalue()}


script = sys.argv[1]
print(json.dumps([run(script, arguments) for arguments in json.load(sys.stdin)]))
