"""HelloAsso as it is documented, on a port of this machine: what the portal asks, what a payer does, what it tells.

A test plays the payer, their bank and the association's back office (`pays_by_card`, `bank_refuses`, `contest`…), which
makes notifications; the test carries them to the portal, in the order, as often and as late as it wants. Its clock is
that of the process, which `time_machine` moves.
"""

import hmac
import json
import re
import secrets
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.fakes.helloasso_body import wrong_fields

KEY, SECRET = "cle-de-l-association", "secret-de-l-association-a-ne-pas-montrer"
OURS, THEIRS = "ia-montpellier", "une-autre-association"
ACCESS_LIVES, REFRESH_LIVES, LINK_LIVES = 1799, 30 * 24 * 3600, 15 * 60
QUOTAS = {10: 10, 600: 20, 3600: 50}  # calls for a token, in so many seconds
ALIVE = 20  # access tokens of one key
RESULTS = 100  # of one page
UNSEEN = {"Refused", "Init", "WaitingAuthentication", "Abandoned", "Pending", "Unknown", "Error"}
ROUTES = [
    ("POST", r"/oauth2/token", "token"),
    ("POST", r"/v5/organizations/([\w-]+)/checkout-intents", "create_intent"),
    ("GET", r"/v5/organizations/([\w-]+)/checkout-intents/(\d+)", "get_intent"),
    ("GET", r"/v5/organizations/([\w-]+)/payments", "list_payments"),
    ("GET", r"/v5/payments/(\d+)", "get_payment"),
    ("POST", r"/v5/payments/(\d+)/refund", "make_refund"),
    ("GET", r"/checkout/(\d+)", "show_page"),
]


class Answer(Exception):
    def __init__(self, status, body=None, **headers):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


def refused(*messages):
    return Answer(400, {"errors": [{"code": "ArgumentInvalid", "message": message} for message in messages]})


def now():
    return datetime.now(UTC).astimezone()


def written(moment):
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}1{moment:%z}"[:-2] + ":00"  # seven decimals


class FakeHelloAsso:
    def __init__(self):
        self.intents, self.payments, self.access, self.refresh = {}, {}, {}, {}
        self.shown_orders = set()
        self.privileges = {"Checkout", "AccessTransactions", "RefundManagement"}
        self.token_calls = []  # when
        self.ways = []  # in which they were asked for
        self.refusals_by_quota = 0
        self.refuses_tokens = False  # that it has just given: the key has lost its rights
        self.asked = []  # method, path, query and headers of each request, in order
        self.faults = []  # of the next requests: see `fault`
        self.notifications = []  # (body, headers) made since the test last took them
        self.signature_key = ""  # of a partner: its notifications are signed
        self.demands_mfa = False  # of who asks for a refund
        self.new_refunds_are = "Processed"
        self.shows_orders_that_wait = (
            True  # whether the bank's answer to a debit is awaited with or without order
        )
        self.lock, self.numbers = threading.RLock(), count(1001)

    # What a payer, their bank or the association's back office does

    def pays_by_card(self, intent_id, *, tip=0, amount=None, state="Authorized", **fields):
        """The page is open for fifteen minutes. A tip to HelloAsso comes on top, and is none of the association's."""
        assert not self.has_expired(int(intent_id)), "the page has expired"
        return self._pay(int(intent_id), "Card", state, amount=amount, amountTip=tip, **fields)

    def pays_by_debit(self, intent_id, **fields):
        return self._pay(int(intent_id), "Sepa", "WaitingBankValidation", **fields)

    def card_is_refused(self, intent_id):
        """Nothing of it is shown by the intent: it has no order."""
        return self._pay(int(intent_id), "Card", "Refused")

    def bank_honours(self, payment_id):
        self.set_state(payment_id, "WaitingBankWithdraw", tells=False)
        self.set_state(payment_id, "Authorized")

    def bank_refuses(self, payment_id):
        self.set_state(payment_id, "Refused")

    def contest(self, payment_id):
        self.set_state(payment_id, "Contested")

    def gives_in(self, payment_id):
        """The payer's bank, on what it had contested."""
        self.set_state(payment_id, "Authorized")

    def set_state(self, payment_id, state, *, tells=True):
        payment = self.payments[payment_id]
        payment["state"], payment["meta"]["updatedAt"] = state, written(now())
        self._may_show(payment)
        if tells:
            self._tell("Payment", payment)

    def refunds(self, payment_id, amount=None, *, state="Processed"):
        """In part, or the whole of what is left. Returns the operation."""
        payment = self.payments[payment_id]
        left = payment["amount"] - sum(
            one["amount"]
            for one in payment["refundOperations"]
            if one["status"] in {"Processed", "Processing"}
        )
        amount = amount or left
        if not 0 < amount <= left:
            raise refused("Le montant à rembourser dépasse le montant du paiement")
        times = {"createdAt": written(now()), "updatedAt": written(now())}
        operation = {
            "id": next(self.numbers),
            "amount": amount,
            "amountTip": 0,
            "status": state,
            "meta": times,
        }
        payment["refundOperations"].append(operation)
        if state == "Processed" and amount == left:
            self.set_state(payment_id, "Refunded")
        elif state == "Processed":
            self._tell("Payment", payment)
        return operation

    def ends_refund(self, payment_id, operation_id, state="Processed"):
        [operation] = [
            one for one in self.payments[payment_id]["refundOperations"] if one["id"] == operation_id
        ]
        operation["status"] = state
        self._tell("Payment", self.payments[payment_id])

    def pays_on_its_own_form(self, amount, *, form="Membership", first="Zoé", last="Démo"):
        """Nothing of ours: a page that the association has made at HelloAsso."""
        order = self._order(form, f"bulletin-{form.lower()}", None)
        payer = {"email": "zoe@example.org", "firstName": first, "lastName": last, "country": "FRA"}
        return self._write(
            order, payer, {"name": "Adhésion 2026", "amount": amount}, "Card", "Authorized", {}
        )

    def intent_of_another(self):
        """One of another organisation, on the same service."""
        number = next(self.numbers)
        self.intents[number] = {
            "id": number,
            "organization": THEIRS,
            "made_at": time.time(),
            "body": {"metadata": {}},
        }
        return number

    def has_expired(self, intent_id):
        return time.time() > self.intents[intent_id]["made_at"] + LINK_LIVES

    def _pay(self, number, means, state, *, amount=None, **fields):
        body = self.intents[number]["body"]
        order = self.intents[number].get("order") or self._order("Checkout", "default", number)
        self.intents[number]["order"] = order
        item = {"name": body["itemName"], "amount": amount or body["totalAmount"]}
        payer = {"country": "FRA", "firstName": "Camille", "lastName": "Demo"} | body.get("payer", {})
        return self._write(order, payer, item, means, state, fields, metadata=body.get("metadata"))

    def _order(self, form_type, slug, number):
        order = {"id": next(self.numbers), "date": written(now()), "formSlug": slug, "formType": form_type}
        order |= {"organizationName": "IA", "organizationSlug": OURS, "organizationType": "Association1901"}
        return order | ({"checkoutIntentId": number} if number else {})

    def _write(self, order, payer, item, means, state, fields, metadata=None):
        with self.lock:
            number = next(self.numbers)
            self.payments[number] = {
                "order": order,
                "payer": payer,
                "items": [item | {"id": number, "type": "Payment", "state": "Processed"}],
                "cashOutState": "MoneyIn",
                "paymentReceiptUrl": f"https://www.helloasso.com/paiement-attestation/{number}",
                "id": number,
                "amount": item["amount"],
                "date": written(now()),
                "paymentMeans": means,
                "installmentNumber": 1,
                "state": state,
                "meta": {"createdAt": written(now()), "updatedAt": written(now())},
                "refundOperations": [],
                "metadata": metadata,
            } | fields
        payment = self.payments[number]
        self._may_show(payment)
        self._tell("Payment", payment)
        if state == "Authorized":
            self._tell("Order", payment)
        return number

    def _may_show(self, payment):
        """An intent has no order before one of its payments is authorised (or awaits the bank, if it shows that)."""
        waits = payment["state"] in {"WaitingBankValidation", "WaitingBankWithdraw"}
        if payment["state"] not in UNSEEN and (self.shows_orders_that_wait or not waits):
            self.shown_orders.add(payment["order"]["id"])

    def _tell(self, kind, payment):
        """Metadata is at the root, beside the data; without metadata there is none."""
        shown = {name: value for name, value in payment.items() if name != "metadata"}
        if kind == "Order":
            light = {name: value for name, value in shown.items() if name not in {"order", "payer"}}
            data = payment["order"] | {"payer": payment["payer"], "payments": [light]}
        else:
            data = shown
        told = {"data": data, "eventType": kind}
        if payment["metadata"] is not None:
            told["metadata"] = payment["metadata"]
        self.notifications.append(self.signed(json.dumps(told).encode()))

    def signed(self, body):
        if not self.signature_key:
            return body, {}
        signature = hmac.new(self.signature_key.encode(), body, "sha256").hexdigest()
        return body, {"x-ha-signature": signature}

    def take_notifications(self):
        taken, self.notifications = self.notifications, []
        return taken

    # What it answers

    def token(self, form, **_):
        self.token_calls.append(time.time())
        self.ways.append(form.get("grant_type"))
        for seconds, calls in QUOTAS.items():
            if len([at for at in self.token_calls if at > time.time() - seconds]) > calls:
                self.refusals_by_quota += 1
                raise Answer(429)
        if form.get("grant_type") == "refresh_token":
            if form.get("client_id") != KEY or self.refresh.get(form.get("refresh_token"), 0) < time.time():
                raise Answer(400, {"error": "invalid_grant"})
            self.access, self.refresh = {}, {}
        elif (form.get("client_id"), form.get("client_secret")) != (KEY, SECRET):
            raise Answer(401, {"error": "invalid_client", "error_description": "Clé inconnue"})
        self.access = {token: ends for token, ends in self.access.items() if ends > time.time()}
        if len(self.access) >= ALIVE:
            self.refusals_by_quota += 1
            raise Answer(429)
        access, refresh = f"acces-{secrets.token_hex(8)}", f"renouvellement-{secrets.token_hex(8)}"
        self.access[access], self.refresh[refresh] = time.time() + ACCESS_LIVES, time.time() + REFRESH_LIVES
        return {
            "access_token": access,
            "refresh_token": refresh,
            "token_type": "bearer",
            "expires_in": ACCESS_LIVES,
        }

    def create_intent(self, organization, *, body, **_):
        self._demand("Checkout", organization)
        if wrong := wrong_fields(body):
            raise refused(*wrong)
        number = next(self.numbers)
        self.intents[number] = {
            "id": number,
            "organization": organization,
            "made_at": time.time(),
            "body": body,
        }
        return {"id": number, "redirectUrl": f"{self.url}/checkout/{number}"}

    def get_intent(self, organization, number, **_):
        self._demand("Checkout", organization)
        intent = self.intents.get(int(number))
        if intent is None or intent["organization"] != organization:
            raise Answer(404, {"message": "CheckoutIntent introuvable"})
        shown = {"id": intent["id"], "redirectUrl": f"{self.url}/checkout/{number}"}
        if "metadata" in intent["body"]:
            shown["metadata"] = intent["body"]["metadata"]
        order = intent.get("order")
        if order and order["id"] in self.shown_orders:
            payments = [self._light(one) for one in self.payments.values() if one["order"] is order]
            total = {"total": sum(one["amount"] for one in payments), "vat": 0, "discount": 0}
            shown["order"] = order | {"payments": payments, "amount": total, "items": []}
        return shown

    def _light(self, payment):
        """Refunds that failed are left out, unless they are asked for."""
        operations = [one for one in payment["refundOperations"] if one["status"] not in {"Refused", "Error"}]
        left_out = {"order", "payer", "metadata"}
        shown = {name: value for name, value in payment.items() if name not in left_out}
        return shown | {"refundOperations": operations}

    def list_payments(self, organization, *, query, **_):
        self._demand("AccessTransactions", organization)
        since = datetime.fromisoformat(query["from"][0]) if "from" in query else None
        found = [
            self._light(one) | {"order": one["order"], "payer": one["payer"]}
            for one in reversed(self.payments.values())
            if (since is None or datetime.fromisoformat(one["date"]) >= since)
            and one["state"] in query.get("states", [one["state"]])
        ]
        size = min(int(query.get("pageSize", ["20"])[0]), RESULTS)
        start = int(query.get("continuationToken", ["0"])[0])
        page = found[start : start + size]
        token = {"continuationToken": str(start + size)} if page else {}
        return {"data": page, "pagination": {"pageSize": size, "totalCount": len(found)} | token}

    def get_payment(self, number, **_):
        self._demand("AccessTransactions")
        return self._light(self._payment(number))

    def make_refund(self, number, *, query, **_):
        self._demand("RefundManagement")
        payment = self._payment(number)
        if self.demands_mfa:
            raise Answer(409, {"message": "MFA required"}, **{"x-mfa-access-authorization": "required"})
        operation = self.refunds(
            payment["id"], int(query.get("amount", ["0"])[0]), state=self.new_refunds_are
        )
        made = {"id": operation["id"], "amount": operation["amount"], "state": operation["status"]}
        return made | {"paymentId": payment["id"], "sendRefundMail": True}

    def show_page(self, number, **_):
        """Where the payer is sent: any choice leads to one of the three addresses that were given."""
        if self.has_expired(int(number)):
            raise Answer(410, {"message": "Ce lien a expiré"})
        return {"itemName": self.intents[int(number)]["body"]["itemName"]}

    def return_url(self, intent_id):
        """Where the browser goes after a payment: existing parameters are kept."""
        intent = self.intents[int(intent_id)]
        added = {"checkoutIntentId": intent_id, "code": "succeeded", "orderId": intent["order"]["id"]}
        url = intent["body"]["returnUrl"]
        return url + ("&" if "?" in url else "?") + urlencode(added)

    def _demand(self, privilege, organization=OURS):
        if privilege not in self.privileges or organization != OURS:
            raise Answer(403, {"message": "The JWT token hasn't the privileges or Roles for this action"})

    def _payment(self, number):
        if int(number) not in self.payments:
            raise Answer(404, {"message": "Paiement introuvable"})
        return self.payments[int(number)]

    # The server

    def answer(self, method, target, headers, content):
        address = urlsplit(target)
        query = parse_qs(address.query)
        self.asked.append((method, address.path, query, headers))
        for verb, pattern, name in ROUTES:
            if verb == method and (found := re.fullmatch(pattern, address.path)):
                if "/v5/" in address.path:
                    token = headers.get("Authorization", "").removeprefix("Bearer ")
                    if self.refuses_tokens or self.access.get(token, 0) <= time.time():
                        raise Answer(401, {"message": "Unauthorized"})
                form = {key: values[0] for key, values in parse_qs(content.decode("latin-1")).items()}
                body = json.loads(content) if name == "create_intent" else {}
                with self.lock:
                    return getattr(self, name)(*found.groups(), form=form, query=query, body=body)
        raise Answer(404, {"message": "Not Found"})

    def reply(self, *request):
        """As it is documented, or with the next fault: seconds late, a status before anything is done, other bytes."""
        fault = self.faults.pop(0) if self.faults else None
        try:
            if isinstance(fault, int):
                raise Answer(fault, {"message": "Panne"} if fault >= 500 else None)
            body = self.answer(*request)
        except Answer as answer:
            sent = json.dumps(answer.body).encode() if answer.body is not None else b""
            return answer.status, sent, answer.headers
        if isinstance(fault, float):
            threading.Event().wait(fault)
        return 200, fault if isinstance(fault, bytes) else json.dumps(body).encode(), {}

    @contextmanager
    def running(self):
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, sent, headers = fake.reply(self.command, self.path, self.headers, content)
                try:
                    self.send_response(status)
                    for name, value in ({"Content-Length": len(sent)} | headers).items():
                        self.send_header(name, str(value))
                    self.end_headers()
                    self.wfile.write(sent)
                except OSError:
                    pass  # the portal no longer waits

            do_POST = do_GET

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    @property
    def settings(self):
        """What the portal is told of it."""
        return {
            "organization": OURS,
            "client_id": KEY,
            "client_secret": SECRET,
            "api": f"{self.url}/v5",
            "token_url": f"{self.url}/oauth2/token",
            "back_office": "https://www.helloasso.com",
            "signature_key": self.signature_key,
            "sources": [],
        }
