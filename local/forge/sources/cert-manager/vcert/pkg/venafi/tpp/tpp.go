// Package tpp has the name of a connection that nothing here makes.
package tpp

import (
	"github.com/Venafi/vcert/v5/pkg/certificate"
	"github.com/Venafi/vcert/v5/pkg/endpoint"
)

// Connector is a connection.
type Connector struct{ endpoint.Connector }

// Tokens are given for a name and a password.
type Tokens struct{ Access_token string }

// ErrCertNotFound says that there is no such certificate.
type ErrCertNotFound struct{}

func (*ErrCertNotFound) Error() string { return "there is no such certificate" }

// Authenticate tells who asks.
func (*Connector) Authenticate(*endpoint.Authentication) error { return nil }

// VerifyAccessToken checks a token.
func (*Connector) VerifyAccessToken(*endpoint.Authentication) (Tokens, error) { return Tokens{}, nil }

// GetRefreshToken asks for tokens.
func (*Connector) GetRefreshToken(*endpoint.Authentication) (Tokens, error) { return Tokens{}, nil }

// ResetCertificate forgets a failed request.
func (*Connector) ResetCertificate(*certificate.Request, bool) error { return nil }
