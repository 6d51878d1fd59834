# The front door. Everything is built by the CMake preset `default`; this only calls it in order.
#
#   make demo    set up, build, fine-tune on ethanol, simulate it, write demo/report.md
#   make test    set up, build, run every test
#   make         set up and build          make setup   set up only
#   make clean   remove build/ and the links to it in .venv (.venv itself, which took a download,
#                stays; so does demo/)
.PHONY: build setup test demo clean
.NOTPARALLEL:
.DEFAULT_GOAL := build

setup:
	@scripts/setup.sh

build: setup
	@scripts/build.sh

test: build
	@rm -rf build/test-reports
	@ctest --preset default --output-junit test-reports/ctest.xml; code=$$?; \
	    .venv/bin/python scripts/skipped.py build/test-reports; exit $$code

demo: build
	@.venv/bin/python examples/ethanol/demo.py

clean:
	rm -rf build .venv/bin/molspectra .venv/lib/python*/site-packages/molspectra.pth
