"""The peer of `npm run bench -- tasks`: the same two endpoints as people usually build them, Flask and SQLite."""

import json
import os
import sqlite3
import time

from flask import Flask, g, jsonify, request

app = Flask(__name__)
DATABASE = os.environ["BENCH_DATABASE"]


def database():
    if "db" not in g:
        g.db = sqlite3.connect(DATABASE, timeout=5)
        g.db.execute("pragma journal_mode=WAL")
        g.db.execute("pragma synchronous=NORMAL")
        g.db.row_factory = sqlite3.Row
    return g.db


@app.teardown_appcontext
def close(_error):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def problems(task):
    found = [name for name in ("task_id", "type", "created_by") if not isinstance(task.get(name), str) or not task[name]]
    if not isinstance(task.get("customer"), dict) or not task["customer"].get("id"):
        found.append("customer.id")
    for name in ("trigger", "action"):
        if not isinstance(task.get(name), dict) or not task[name].get("type"):
            found.append(name)
    return found


@app.post("/api/task/receive")
def receive():
    task = request.get_json(silent=True)
    if not isinstance(task, dict) or problems(task):
        return jsonify(success=False, error={"code": "invalid_request"}), 400
    db = database()
    now = int(time.time() * 1000)
    try:
        with db:
            db.execute(
                "insert into tasks(task_id, customer_id, trigger_type, request, status, created_at) values (?,?,?,?,?,?)",
                (task["task_id"], task["customer"]["id"], task["trigger"]["type"], json.dumps(task), "pending", now),
            )
            db.execute("insert into task_history(task_id, status, at) values (?,?,?)", (task["task_id"], "pending", now))
    except sqlite3.IntegrityError:
        return jsonify(success=True, task_id=task["task_id"], status="pending", duplicate=True)
    return jsonify(success=True, task_id=task["task_id"], status="pending", duplicate=False)


@app.get("/api/task/status/<task_id>")
def status(task_id):
    db = database()
    row = db.execute("select * from tasks where task_id = ?", (task_id,)).fetchone()
    if row is None:
        return jsonify(success=False, error={"code": "not_found"}), 404
    history = db.execute("select status, at from task_history where task_id = ? order by id", (task_id,)).fetchall()
    return jsonify(success=True, **json.loads(row["request"]), status=row["status"], history=[dict(entry) for entry in history])


def create():
    db = sqlite3.connect(DATABASE)
    db.executescript(
        """create table if not exists tasks(id integer primary key, task_id text unique, customer_id text, trigger_type text,
           request text, status text, created_at integer);
           create table if not exists task_history(id integer primary key, task_id text, status text, at integer);
           create index if not exists history_of_task on task_history(task_id);
           create index if not exists tasks_of_customer on tasks(customer_id, status);"""
    )
    db.close()


create()
