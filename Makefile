# The handset. `make` prints what there is to make.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Phones are started by the hundred here: their code is compiled once.
unexport PYTHONDONTWRITEBYTECODE

PYTHON3 ?= python3
VENV := .venv
PYTHON := $(VENV)/bin/python
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
SEED ?= 7
SEEDS ?= 10000
FILE ?= $(wildcard tests/scenarios/scripts/*.txt)
TARGET ?= all
SECONDS ?= 60
MINUTES ?= 30
CUTS ?= 200
PULLS ?= 50
ARGS ?=
BOARD ?= handset
KEYS ?= $(HOME)/.handset-update
KERNEL ?= trixie
SUITE ?= bookworm

# What a bare Debian lacks: for the phone, and for the tests' real peers.
BUNDLE_PACKAGES := e2fsprogs openssl rauc squashfs-tools
RUN_PACKAGES := libopus0 libportaudio2 openssl python3-venv
TEST_PACKAGES := $(RUN_PACKAGES) $(BUNDLE_PACKAGES) apache2-bin baresip-core bmap-tools chromium dbus-daemon device-tree-compiler \
	dosfstools e2fsprogs espeak-ng fdisk git iproute2 kamailio kamailio-extra-modules kamailio-outbound-modules \
	kamailio-presence-modules kamailio-tls-modules libfaketime libubootenv-tool linphone-cli mount mtools \
	openssh-client openssh-server pipewire pipewire-alsa pipewire-bin rsyslog rsyslog-gnutls \
	shellcheck sox systemd tftpd-hpa tshark util-linux wireplumber xz-utils zstd
BENCH_PACKAGES := gcc libc6-dev python3-dev
BOOT_PACKAGES := gcc libc6-dev qemu-user
IMAGE_PACKAGES := debian-archive-keyring e2fsprogs git python3 qemu-user
DEVICE_PACKAGES := bmap-tools e2fsprogs fdisk mtools qemu-system-arm qemu-utils
DEB_PACKAGES := dpkg-dev git mmdebstrap
EMULATOR_PACKAGES := arch-test binfmt-support qemu-user-static

# The Debian packages: for this machine, and for a Raspberry Pi.
NATIVE := $(shell dpkg --print-architecture)
DEB_ARCHITECTURES := $(sort $(NATIVE) arm64)
ARCHITECTURE ?= $(NATIVE)
CLEAN_ROOT := build/clean-$(SUITE)-$(ARCHITECTURE).tar
ASTERISK_ROOT := build/asterisk.tar
FLEET_ROOT := build/fleet.tar
FLEET_CLIENT := build/fleet-client

# The tests that talk to them.
REAL_TESTS := tests/interop tests/process tests/e2e
SOUND_TESTS := tests/interop/test_sound.py tests/interop/test_bad_sound.py tests/interop/test_rescue.py \
	tests/interop/test_unplugged.py

.PHONY: help run test check format sim sim-long sim-call sim-calls sim-peer sim-peers sim-keys scenario mutants power-cuts rescue-real fuzz bench-admin bench-audio bench-calls \
	bench-boot bench-handset bench-link bench-fleet soak-call lock generated seal board-check golden screens pictures clean bench-packages boot-packages bundle bundle-packages deb deb-packages device-packages image image-packages run-packages test-deb test-fleet test-image test-recipes test-packages test-plug test-update

help: ## Print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: run-packages $(VENV)/run.ready ## Set everything up and run the phone: virtual handset and two lab exchanges
	$(PYTHON) -m tests.lab.desk --backup $(ARGS)

# The third part mostly waits for real peers, so more of it runs at once than there are cores, and
# nothing beside it that works hard; what is heard, in the fourth, is measured alone.
test: test-packages bench-packages $(VENV)/bench.ready check ## Set everything up and pass every test
	$(PYTHON) -m pytest --numprocesses 2 --dist worksteal tests --ignore=tests/unit/style $(REAL_TESTS:%=--ignore=%)
	$(PYTHON) -m pytest --numprocesses 2 --dist loadgroup tests/process tests/e2e
	$(PYTHON) -m pytest --numprocesses 3 --dist loadgroup tests/interop $(SOUND_TESTS:%=--ignore=%)
	$(PYTHON) -m pytest $(SOUND_TESTS)

check: $(VENV)/test.ready ## Format, lint, types, layers, lengths
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(PYTHON) -m pytest tests/unit/style

format: $(VENV)/test.ready ## Bring the code into its one format
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

rescue-real: test-packages $(VENV)/test.ready ## Lose a real proxy at every state of a call, in every way, with every far end
	$(PYTHON) -m pytest --numprocesses 2 --dist loadgroup --every-rescue $(ARGS) tests/interop/test_rescue.py

sim: $(VENV)/test.ready ## Play one seed of the simulator and print its trace: make sim SEED=7
	$(PYTHON) -m tests.simulator --seed $(SEED)

sim-long: $(VENV)/test.ready ## Play many seeds: make sim-long SEEDS=10000
	$(PYTHON) -m tests.simulator $(SEEDS)

sim-call: $(VENV)/test.ready ## Play one seed of two handsets that call each other: make sim-call SEED=7
	$(PYTHON) -m tests.simulator --world calls --seed $(SEED)

sim-calls: $(VENV)/test.ready ## Play many of those: make sim-calls SEEDS=2000
	$(PYTHON) -m tests.simulator --world calls $(SEEDS)

sim-peer: $(VENV)/test.ready ## Play one seed of far ends that try everything: make sim-peer SEED=7
	$(PYTHON) -m tests.simulator --world peers --seed $(SEED)

sim-peers: $(VENV)/test.ready ## Play many of those: make sim-peers SEEDS=2000
	$(PYTHON) -m tests.simulator --world peers $(SEEDS)

sim-keys: $(VENV)/test.ready ## Play many seeds of one person at the keys: make sim-keys SEEDS=2000
	$(PYTHON) -m tests.simulator --world keys $(SEEDS)

scenario: $(VENV)/test.ready ## Play a scenario and print each screen: make scenario FILE=tests/scenarios/scripts/call-busy.txt
	$(PYTHON) -m tests.scenarios $(FILE)

mutants: $(VENV)/test.ready ## Plant bugs and see that the simulators find each
	$(PYTHON) -m tests.simulator.mutants

power-cuts: $(VENV)/test.ready ## Take the power from a phone in use, at any moment: make power-cuts CUTS=200
	$(PYTHON) -m pytest tests/process/test_power_loss.py --power-cuts $(CUTS)

fuzz: $(VENV)/fuzz.ready ## Fuzz what is read from outside: make fuzz TARGET=uri SECONDS=3600
	$(PYTHON) -m tests.fuzz $(TARGET) --seconds $(SECONDS) $(ARGS)

bench-link: test-packages $(VENV)/test.ready ## Measure the link; prints a Markdown table
	$(PYTHON) -m tests.bench.link $(ARGS)

bench-fleet: $(VENV)/test.ready ## A whole fleet loses its proxy, in simulated time; prints a Markdown table
	$(PYTHON) -m tests.bench.fleet --picture tests/bench/fleet.png $(ARGS)

bench-audio: test-packages bench-packages $(VENV)/bench.ready ## Measure the machines of sound, and speech through them
	$(PYTHON) -m tests.bench.audio $(ARGS)

bench-handset: run-packages $(VENV)/test.ready ## Measure the handset: key to pixels, at rest, from the start to the first screen
	$(PYTHON) -m tests.bench.handset $(ARGS)

bench-boot: run-packages boot-packages $(VENV)/test.ready ## Count the instructions of a start, here and on an emulated ARM
	$(PYTHON) -m tests.bench.boot $(ARGS)

bench-admin: test-packages $(VENV)/test.ready ## Measure the administrator's doors: pages, memory, sound beside them, keys, changes
	$(PYTHON) -m tests.bench.admin $(ARGS)

bench-calls: test-packages bench-packages $(VENV)/bench.ready ## Measure calls: delay, processor, rate, storms, gap, speech; prints Markdown tables
	$(PYTHON) -m tests.bench.calls $(ARGS)

soak-call: test-packages $(VENV)/test.ready ## Hold one call for long: make soak-call MINUTES=30
	$(PYTHON) -m tests.bench.soak $(MINUTES)

lock: $(VENV)/test.ready ## Pin every dependency anew, with hashes
	$(VENV)/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-header \
		--no-emit-index-url -o requirements.lock pyproject.toml
	$(VENV)/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-header \
		--no-emit-index-url --group test -c requirements.lock -o tests/requirements.lock
	$(VENV)/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-header \
		--no-emit-index-url --group fuzz -o tests/fuzz/requirements.lock
	$(VENV)/bin/uv pip compile -q --upgrade --universal --generate-hashes --no-header \
		--no-emit-index-url --group bench -o tests/bench/requirements.lock

generated: $(VENV)/run.ready ## Write the files that are generated from the parameter table and the wiring
	$(PYTHON) -m config reference > config/REFERENCE.md
	$(PYTHON) -m config startup > config/startup.cfg
	$(PYTHON) -m firmware reference > firmware/web/REFERENCE.md
	$(PYTHON) -m firmware reference console > firmware/console/REFERENCE.md
	$(PYTHON) -m board wiring > board/WIRING.md

seal: run-packages $(VENV)/run.ready ## Seal a file for one phone: make seal FILE=startup.cfg ARGS='--for phone.pem'
	$(PYTHON) -m config seal $(FILE) $(ARGS)

board-check: run-packages $(VENV)/run.ready ## On a Raspberry Pi: walk through every part of the handset
	$(PYTHON) -m board check --board $(BOARD) $(ARGS)

image: image-packages $(VENV)/test.ready ## Make the SD card's image, build/handset.img; ARGS=--refresh takes Debian as it is today
	$(SUDO) env KERNEL=$(KERNEL) board/image/build.sh $(ARGS)

bundle: bundle-packages ## Pack the image that was made as a signed update, build/handset.raucb; KEYS=FOLDER has the key
	board/image/bundle.sh build/steps/filesystems/root.ext4 $(KEYS) build/handset.raucb

test-image: test-packages device-packages image ## Start that image on emulated machines; writes tests/on_device/RESULTS.md
	$(PYTHON) -m pytest tests/on_device/virt.py tests/on_device/raspberry_pi.py tests/on_device/again.py

test-update: test-packages device-packages image ## Update the phone of that image on an emulated machine
	$(PYTHON) -m pytest tests/on_device/updates.py

test-plug: test-packages device-packages image ## Pull the plug of an emulated machine, at any moment: make test-plug PULLS=50 SEED=7
	$(PYTHON) -m pytest tests/on_device/plug.py --pulls $(PULLS) --seed $(SEED)

deb: $(VENV)/test.ready ## Build the Debian packages, for this machine and for a Raspberry Pi: make deb SUITE=trixie
	for architecture in $(DEB_ARCHITECTURES); do board/deb/build $(SUITE) $$architecture; done

test-deb: test-packages deb-packages deb $(CLEAN_ROOT) ## Install the Debian package into a clean Debian and use the phone there: make test-deb ARCHITECTURE=arm64
	PACKAGE=$$(ls -t build/handset_*+deb*_$(ARCHITECTURE).deb | head -1) CLEAN_ROOT=$(CLEAN_ROOT) \
		$(PYTHON) -m pytest tests/on_device/deb.py

test-fleet: test-packages deb-packages $(VENV)/test.ready $(FLEET_ROOT) $(FLEET_CLIENT) ## Roll a firmware out to a phone by a hawkBit server, with Debian's own client and RAUC
	FLEET_ROOT=$(FLEET_ROOT) FLEET_CLIENT=$(FLEET_CLIENT) $(PYTHON) -m pytest tests/on_device/fleet.py

test-recipes: test-packages deb-packages $(VENV)/test.ready $(ASTERISK_ROOT) ## Follow the guide's recipe for Asterisk, with the one of Debian's sid
	ASTERISK_ROOT=$(ASTERISK_ROOT) $(PYTHON) -m pytest tests/on_device/asterisk.py

golden: $(VENV)/test.ready ## Draw the golden screens anew; look at each before you commit it
	$(PYTHON) -m pytest tests/unit/phone --update-golden

screens: $(VENV)/test.ready ## Draw every screen, in each language and both sizes, on one page: tests/golden/languages
	$(PYTHON) -m pytest tests/unit/phone/test_sheets.py --update-golden

pictures: test-packages $(VENV)/test.ready ## Take the screenshots of the README anew
	$(PYTHON) -m tests.e2e.pictures

clean: ## Remove what was made here
	rm -rf $(VENV) .run .mypy_cache .ruff_cache .pytest_cache .hypothesis
	[ ! -e build ] || $(SUDO) rm -rf build

run-packages:
	@$(call install-missing,$(RUN_PACKAGES))

bench-packages:
	@$(call install-missing,$(BENCH_PACKAGES))

boot-packages:
	@$(call install-missing,$(BOOT_PACKAGES))

image-packages:
	@$(call install-missing,$(IMAGE_PACKAGES))

bundle-packages:
	@$(call install-missing,$(BUNDLE_PACKAGES))

device-packages:
	@$(call install-missing,$(DEVICE_PACKAGES))

deb-packages:
	@$(call install-missing,$(DEB_PACKAGES) $(if $(filter-out $(NATIVE),$(ARCHITECTURE)),$(EMULATOR_PACKAGES)))

test-packages:
	@$(call install-missing,$(TEST_PACKAGES))

$(VENV)/bin/python:
	@$(PYTHON3) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory run-packages
	$(PYTHON3) -m venv $(VENV)

$(VENV)/run.ready: requirements.lock | $(VENV)/bin/python
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

$(VENV)/test.ready: tests/requirements.lock $(VENV)/run.ready
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r tests/requirements.lock
	touch $@

$(VENV)/bench.ready: tests/bench/requirements.lock $(VENV)/test.ready
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r $<
	touch $@

$(CLEAN_ROOT): | deb-packages
	mkdir -p build
	tests/on_device/clean_root $(SUITE) $(ARCHITECTURE) $@ libopus0 libportaudio2 openssl python3 systemd-sysv udev

$(ASTERISK_ROOT): | deb-packages
	mkdir -p build
	tests/on_device/clean_root sid $(NATIVE) $@ asterisk asterisk-config asterisk-modules

$(FLEET_ROOT): | deb-packages
	mkdir -p build
	tests/on_device/clean_root trixie $(NATIVE) $@ ca-certificates dbus libcurl4t64 libjson-glib-1.0-0 \
		libubootenv-tool rauc rauc-service systemd-sysv

$(FLEET_CLIENT):
	rm -rf $@.new $@.lists
	board/image/later_debian $(NATIVE) $@.lists $@.new
	mv $@.new $@

$(VENV)/fuzz.ready: tests/fuzz/requirements.lock $(VENV)/test.ready
	$(PYTHON) -m pip install -q --disable-pip-version-check --require-hashes -r $<
	touch $@

# Ask the package manager only for what is not there, so that a set-up machine works off line.
define install-missing
missing=""; \
for package in $(1); do \
	dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
done; \
if [ -n "$$missing" ]; then \
	echo "installing$$missing"; \
	$(SUDO) apt-get update -qq; \
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
fi
endef
