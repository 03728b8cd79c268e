# Les commandes du portail. Sur une machine neuve : Python 3.11 ou plus, git et make suffisent.
PYTHON ?= python3
PORT ?= 8000
export PYTHON PORT

help:
	@echo "make run      démarre le portail ici, avec des données de démonstration (PORT=8001 pour un autre port)"
	@echo "make test     lance toute la suite de tests, sur PostgreSQL et Redis, puis sur SQLite, puis make check"
	@echo "make check    relit le code sans le lancer : style, types, gabarits, migrations, traductions, réglages"
	@echo "make bench    mesure les temps de réponse"
	@echo "make up       démarre la production avec docker compose"
	@echo "make lock     recalcule les versions verrouillées après un changement de pyproject.toml"

# The environment: filled from a lock with hashes, and again only when that lock has changed.
.venv/%.lock: %.lock
	bin/setup $<

venv: .venv/requirements-dev.lock

services:
	bin/services

run: .venv/requirements.lock
	bin/run

# What the embedded mode promises on its own database: the rules, and the pages that most people see. The admin asks nothing
# of it, and what a provider, a file, a letter or a document is like does not depend on where rows are kept.
CORE = tests/accounts tests/events tests/journal tests/mailing tests/members tests/payments \
	$(addprefix tests/iamm/test_, demo_rows.py page_cache.py prepare.py retention.py ticks_at_once.py)
ELSEWHERE = admin* helloasso* stripe* provider_contract papers* receipts* tickets booking_ics feeds structured_data \
	validators standing_everywhere renewal_cases *_pages machine membership_machine *_year *mails exports content resources \
	board groups member_messages card profile *_form

test: venv services
	.venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
	TEST_DATABASE=sqlite .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -k "not admin" $(CORE) \
		--ignore tests/members/imports $(ELSEWHERE:%=--ignore-glob="*/test_%.py")
	bin/check

check: venv
	bin/check

bench: venv services
	bin/bench

up:
	docker compose up --build --detach

lock:
	bin/lock

.PHONY: help venv services run test check bench up lock
