"""`python -m spark.query PORT`: asks that Thrift server each line of input; answers with a line of JSON."""

import json
import sys

from pyhive import hive

with hive.connect("127.0.0.1", port=int(sys.argv[1])) as connection, connection.cursor() as cursor:
    for query in sys.stdin:
        cursor.execute(query)
        print(json.dumps(cursor.fetchall()), flush=True)
