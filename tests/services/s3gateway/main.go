// Copyright (c) 2026, stagecraft.appsmith contributors
// GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// An S3 server for tests: the Versity gateway over a folder. Its own command has ten more back ends to compile.
package main

import (
	"context"
	"log"
	"os"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// s3gateway BUCKETS ATTRIBUTES ADDRESS [CERTIFICATE KEY], with S3_ACCESS and S3_SECRET in its environment.
func main() {
	attributes, err := meta.NewSideCar(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	buckets, err := posix.New(os.Args[1], attributes, posix.PosixOpts{SideCarDir: os.Args[2]})
	if err != nil {
		log.Fatal(err)
	}
	config := &embedgw.Config{
		RootUserAccess: os.Getenv("S3_ACCESS"), RootUserSecret: os.Getenv("S3_SECRET"), Ports: []string{os.Args[3]},
		MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10000, KeepAlive: true,
	}
	if len(os.Args) > 5 {
		config.CertFile, config.KeyFile = os.Args[4], os.Args[5]
	}
	log.Fatal(embedgw.RunVersityGW(context.Background(), buckets, config))
}
