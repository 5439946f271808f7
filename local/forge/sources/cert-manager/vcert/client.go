// Package vcert stands in for the client of one vendor's certificate service, whose module no proxy
// serves in the version that cert-manager asks for. It has the names that cert-manager uses and no
// connection: an Issuer of kind Venafi says so in its status, every other kind is untouched.
package vcert

import (
	"errors"
	"net/http"

	"github.com/Venafi/vcert/v5/pkg/endpoint"
)

// ErrLeftOut is what an Issuer of that kind reports.
var ErrLeftOut = errors.New("issuers of kind Venafi are left out of this build")

// Config says how a service is reached.
type Config struct {
	ConnectorType   endpoint.ConnectorType
	BaseUrl         string
	Zone            string
	LogVerbose      bool
	ConnectionTrust string
	Credentials     *endpoint.Authentication
	Client          *http.Client
}

// NewClient always fails.
func NewClient(*Config, bool) (endpoint.Connector, error) { return nil, ErrLeftOut }
