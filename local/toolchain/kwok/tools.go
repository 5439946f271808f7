//go:build tools

// Package kwok pins kwok, which does not compile with the Kubernetes modules of the other tools.
package kwok

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
