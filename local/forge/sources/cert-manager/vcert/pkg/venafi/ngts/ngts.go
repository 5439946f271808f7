// Package ngts has the name of a connection that nothing here makes.
package ngts

import "github.com/Venafi/vcert/v5/pkg/endpoint"

// Connector is a connection.
type Connector struct{ endpoint.Connector }

// Authenticate tells who asks.
func (*Connector) Authenticate(*endpoint.Authentication) error { return nil }
