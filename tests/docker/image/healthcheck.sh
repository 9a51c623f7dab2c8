#!/bin/sh
# As the official one, content with the loading page.
supervisorctl status backend | grep -q RUNNING || exit 1
python3 -c 'import urllib.request; urllib.request.urlopen("http://localhost/", timeout=10)' || exit 1
