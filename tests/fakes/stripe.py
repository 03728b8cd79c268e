"""Stripe as it is documented, on a port of this machine: what the portal asks, what a payer does, what it tells.

A test plays the payer (`pay`, `bounce`, `dispute`…), which makes events; it carries them to the portal itself, in the
order, as often and as late as it wants.
"""

import json
import re
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import stripe

KEY, WEBHOOK_SECRET = "sk_test_fake-key-of-the-portal", "whsec_fake-secret-of-the-portal"
MINUTE, DAY = 60, 24 * 3600
SESSION_FIELDS = {
    "adaptive_pricing",
    "allowed_payment_method_types",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "expires_at",
    "line_items",
    "locale",
    "metadata",
    "mode",
    "payment_intent_data",
    "success_url",
}


class Refused(Exception):
    def __init__(self, status, message, *, kind="invalid_request_error", **details):
        super().__init__(message)
        self.status, self.body = status, {"error": {"type": kind, "message": message} | details}


class FakeStripe:
    def __init__(self):
        self.sessions, self.intents, self.charges, self.refunds, self.disputes = {}, {}, {}, {}, {}
        self.answers = {}  # idempotency key: what was asked, what was answered
        self.asked = []  # method, path and headers of each request, in order
        self.events = []
        self.faults = []  # of the next requests: a status, or a function of `answer`, which returns what is sent
        self.new_refunds_are = "succeeded"
        self.lock, self.numbers = threading.RLock(), count(1)

    # What a payer, their bank or the association's dashboard does

    def pay(self, session_id, *, method="card", currency="eur", amount=None):
        """A card is paid at once; a debit waits for the bank, which honours it or bounces it."""
        session = self.sessions[session_id]
        assert session["status"] == "open", "nobody can pay a session that is complete or has expired"
        assert time.time() < session["expires_at"], "its page has expired"
        amount = amount or session["amount_total"]
        intent, charge = self._new("pi"), self._new("ch")
        is_card = method == "card"
        self.charges[charge] = {
            "id": charge,
            "object": "charge",
            "payment_intent": intent,
            "amount": amount,
            "amount_refunded": 0,
            "currency": currency,
            "created": int(time.time()),
            "disputed": False,
            "metadata": session["payment_intent_data"]["metadata"],
            "payment_method_details": {"type": method},
            "status": "succeeded" if is_card else "pending",
        }
        self.intents[intent] = {
            "id": intent,
            "object": "payment_intent",
            "amount": amount,
            "currency": currency,
            "latest_charge": charge,
            "metadata": session["payment_intent_data"]["metadata"],
            "status": "succeeded" if is_card else "processing",
        }
        payment_status = "paid" if is_card else "unpaid"
        session |= {"payment_intent": intent, "status": "complete", "payment_status": payment_status}
        self._tell("checkout.session.completed", session)
        return intent

    def refuse_card(self, session_id):
        """The payer may try another card: the session stays open."""
        intent = self._new("pi")
        self.intents[intent] = {
            "id": intent,
            "object": "payment_intent",
            "latest_charge": None,
            "status": "requires_payment_method",
        }
        self.sessions[session_id]["payment_intent"] = intent

    def honour(self, session_id):
        session = self.sessions[session_id]
        self._end_debit(session, "succeeded", "succeeded")
        session["payment_status"] = "paid"
        self._tell("checkout.session.async_payment_succeeded", session)

    def bounce(self, session_id):
        session = self.sessions[session_id]
        self._end_debit(session, "requires_payment_method", "failed")
        self._tell("checkout.session.async_payment_failed", session)

    def _end_debit(self, session, intent_status, charge_status):
        intent = self.intents[session["payment_intent"]]
        assert intent["status"] == "processing"
        intent["status"] = intent_status
        self.charges[intent["latest_charge"]]["status"] = charge_status

    def expire(self, session_id):
        session = self.sessions[session_id]
        session["status"] = "expired"
        self._tell("checkout.session.expired", session)

    def dispute(self, intent, *, amount=None, status="needs_response"):
        charge = self._charge_of(intent)
        charge["disputed"] = True
        dispute = {
            "id": self._new("du"),
            "object": "dispute",
            "charge": charge["id"],
            "payment_intent": intent,
            "amount": amount or charge["amount"],
            "created": int(time.time()),
            "status": status,
        }
        self.disputes[dispute["id"]] = dispute
        self._tell("charge.dispute.created", dispute)
        return dispute["id"]

    def close_dispute(self, dispute_id, status):
        self.disputes[dispute_id]["status"] = status
        self._tell("charge.dispute.closed", self.disputes[dispute_id])

    def give_back(self, intent, amount=None):
        """From the dashboard, in cents; all that is left unless told otherwise."""
        asked = {"payment_intent": intent} | ({"amount": str(amount)} if amount else {})
        return self._create_refund(asked)["id"]

    def change_refund(self, refund_id, status):
        refund = self.refunds[refund_id]
        refund["status"] = status
        if status in {"failed", "canceled"}:
            self._charge_of(refund["payment_intent"])["amount_refunded"] -= refund["amount"]
        self._tell("refund.failed" if status == "failed" else "refund.updated", refund)

    # What it tells

    def _tell(self, kind, about):
        event = {
            "id": self._new("evt"),
            "object": "event",
            "type": kind,
            "created": int(time.time()),
            "data": {"object": json.loads(json.dumps(about))},
        }
        self.events.append(event)

    def last(self, kind):
        return next(event for event in reversed(self.events) if event["type"] == kind)

    @staticmethod
    def sign(body, *, secret=WEBHOOK_SECRET, age=0):
        return stripe.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age)

    # What the portal asks

    def answer(self, method, path, headers, body):
        """(status, body) of one request, as documented."""
        given = parse_form(body) if method == "POST" else parse_form(urlsplit(path).query)
        path = urlsplit(path).path
        with self.lock:
            if headers.get("Authorization") != f"Bearer {KEY}":
                hidden = "*" * 8 + (headers.get("Authorization") or "")[-4:]
                raise Refused(401, f"Invalid API Key provided: {hidden}")
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}\.\w+", headers.get("Stripe-Version") or ""):
                raise Refused(400, "Invalid Stripe-Version")
            if method == "GET":
                return 200, self._get(path, given)
            if headers.get("Content-Type") != "application/x-www-form-urlencoded":
                raise Refused(400, "Invalid request: the body is form-encoded")
            return self._post_once(path, given, headers.get("Idempotency-Key"))

    def _post_once(self, path, given, key):
        if key is None or len(key) > 255:
            raise Refused(400, "Keys for idempotent requests are 1 to 255 characters long")
        asked, answered, since = self.answers.get(key, (None, None, 0))
        if asked and time.time() - since < DAY:
            if asked != (path, given):
                text = "Keys for idempotent requests can only be used with the same parameters."
                raise Refused(400, text, kind="idempotency_error")
            return answered
        creators = {"/v1/checkout/sessions": self._create_session, "/v1/refunds": self._create_refund}
        if path not in creators:
            raise Refused(404, f"Unrecognized request URL (POST: {path}).")
        answered = 200, creators[path](given)
        self.answers[key] = (path, given), answered, time.time()
        return answered

    def _create_session(self, given):
        if unknown := set(given) - SESSION_FIELDS:  # such as payment_method_types, which Endive took away
            raise Refused(400, f"Received unknown parameter: {unknown.pop()}", code="parameter_unknown")
        lines = list(given["line_items"].values())
        total = sum(int(one["price_data"]["unit_amount"]) * int(one["quantity"]) for one in lines)
        self._check(given["mode"] == "payment", "mode")
        self._check(all(one["price_data"]["currency"] == "eur" for one in lines), "line_items")
        self._check(0 < len(lines[0]["price_data"]["product_data"]["name"]) <= 250, "line_items")
        if total < 50:
            raise Refused(400, "Amount must be at least €0.50 eur", code="amount_too_small")
        self._check(set(given["allowed_payment_method_types"].values()) <= {"card", "sepa_debit"}, "types")
        self._check(given["locale"] in {"fr", "en"}, "locale")
        self._check(re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", given["customer_email"]), "customer_email")
        self._check(len(given["client_reference_id"]) <= 200, "client_reference_id")
        self._check(all(len(value) <= 500 for value in given["metadata"].values()), "metadata")
        self._check(len(given["payment_intent_data"]["description"]) <= 1000, "description")
        life = int(given["expires_at"]) - time.time()
        self._check(30 * MINUTE <= life <= DAY, "expires_at")
        session = {
            "id": self._new("cs_test"),
            "object": "checkout.session",
            "amount_total": total,
            "client_reference_id": given["client_reference_id"],
            "created": int(time.time()),
            "currency": "eur",
            "expires_at": int(given["expires_at"]),
            "metadata": given["metadata"],
            "payment_intent": None,
            "payment_intent_data": given["payment_intent_data"],
            "payment_status": "unpaid",
            "status": "open",
        }
        session["url"] = f"https://checkout.stripe.com/c/pay/{session['id']}"
        self.sessions[session["id"]] = session
        return session

    @staticmethod
    def _check(is_right, param):
        if not is_right:
            raise Refused(400, f"Invalid {param}", param=param)

    def _create_refund(self, given):
        charge = self._charge_of(given["payment_intent"])
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(given.get("amount", left))
        if charge["disputed"]:
            raise Refused(400, "The charge has been charged back.", code="charge_disputed")
        if not left:
            raise Refused(400, "The charge has already been refunded.", code="charge_already_refunded")
        if not 0 < amount <= left:
            raise Refused(400, f"Refund amount ({amount}) is greater than {left}", param="amount")
        refund = {
            "id": self._new("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "created": int(time.time()),
            "metadata": given.get("metadata", {}),
            "status": self.new_refunds_are,
        }
        self.refunds[refund["id"]] = refund
        if refund["status"] != "failed":
            charge["amount_refunded"] += amount
        self._tell("charge.refunded", charge)
        return refund

    def _get(self, path, given):
        if path == "/v1/refunds":
            charge = self._charge_of(given["payment_intent"])
            return self._page(path, self._refunds_of(charge["id"]), given)
        if match := re.fullmatch(r"/v1/charges/(\w+)/refunds", path):
            return self._page(path, self._refunds_of(match[1]), given)
        if path == "/v1/disputes":
            rows = [one for one in self.disputes.values() if one["charge"] == given["charge"]]
            return self._page(path, rows, given)
        if match := re.fullmatch(r"/v1/checkout/sessions/(\w+)", path):
            return self._session(match[1], set(given.get("expand", {}).values()))
        raise Refused(404, f"Unrecognized request URL (GET: {path}).")

    def _session(self, session_id, expand):
        if session_id not in self.sessions:
            raise Refused(404, f"No such checkout.session: '{session_id}'", code="resource_missing")
        session = dict(self.sessions[session_id])
        del session["payment_intent_data"]
        if expand and session["payment_intent"]:
            assert expand == {"payment_intent.latest_charge.refunds"}
            intent = dict(self.intents[session["payment_intent"]])
            if intent["latest_charge"]:
                charge = dict(self.charges[intent["latest_charge"]])
                path = f"/v1/charges/{charge['id']}/refunds"
                intent["latest_charge"] = charge | {
                    "refunds": self._page(path, self._refunds_of(charge["id"]), {})
                }
            session["payment_intent"] = intent
        return session

    def _refunds_of(self, charge_id):
        return [one for one in self.refunds.values() if one["charge"] == charge_id]

    @staticmethod
    def _page(path, rows, given):
        rows = rows[::-1]  # the newest first
        ids = [row["id"] for row in rows]
        start = ids.index(given["starting_after"]) + 1 if "starting_after" in given else 0
        end = start + int(given.get("limit", 10))
        return {"object": "list", "url": path, "data": rows[start:end], "has_more": end < len(rows)}

    def _charge_of(self, intent_id):
        if intent_id not in self.intents:
            raise Refused(404, f"No such payment_intent: '{intent_id}'", code="resource_missing")
        return self.charges[self.intents[intent_id]["latest_charge"]]

    def _new(self, prefix):
        return f"{prefix}_{next(self.numbers):06d}"


def parse_form(text):
    """`a[b][0]=1` as nested dictionaries, a list by its numbers."""
    tree = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *parents, leaf = re.findall(r"[^\[\]]+", name)
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[leaf] = value
    return tree


class Handler(BaseHTTPRequestHandler):
    fake: FakeStripe
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.fake.asked.append((self.command, self.path, dict(self.headers)))
        sent = self._faulty_answer(body)
        if sent is None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, answer = sent
        raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_POST = do_GET

    def _faulty_answer(self, body):
        fault = self.fake.faults.pop(0) if self.fake.faults else None
        if isinstance(fault, int):
            kind = "card_error" if fault == 402 else "api_error"
            return fault, {"error": {"type": kind, "message": f"Fault {fault}"}}
        return fault(lambda: self._answer(body)) if fault else self._answer(body)

    def _answer(self, body):
        try:
            return self.fake.answer(self.command, self.path, self.headers, body)
        except Refused as refusal:
            return refusal.status, refusal.body


@contextmanager
def serve():
    """A FakeStripe that answers at its `url` until the block ends."""
    fake = FakeStripe()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HandlerOfThisFake", (Handler,), {"fake": fake}))
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
