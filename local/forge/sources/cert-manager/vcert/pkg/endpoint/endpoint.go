// Package endpoint has the names of kinds of services and of what they answer.
package endpoint

import "github.com/Venafi/vcert/v5/pkg/certificate"

// ConnectorType is a kind of service.
type ConnectorType int

// Kinds of services.
const (
	ConnectorTypeTPP ConnectorType = iota + 1
	ConnectorTypeCloud
	ConnectorTypeNGTS
)

// Connector is a connection to a service; nothing here makes one.
type Connector interface {
	GetType() ConnectorType
	Ping() error
	ReadZoneConfiguration() (*ZoneConfiguration, error)
	RequestCertificate(*certificate.Request) (string, error)
	RetrieveCertificate(*certificate.Request) (*certificate.PEMCollection, error)
}

// Authentication is what a service is told about its user.
type Authentication struct {
	User, Password, AccessToken, APIKey     string
	ClientId, ClientSecret, Scope, TokenURL string
}

// ZoneConfiguration is what a service allows.
type ZoneConfiguration struct{}

// UpdateCertificateRequest has nothing to add.
func (*ZoneConfiguration) UpdateCertificateRequest(*certificate.Request) {}

// ValidateCertificateRequest has nothing to refuse.
func (*ZoneConfiguration) ValidateCertificateRequest(*certificate.Request) error { return nil }

// ErrCertificatePending says that a certificate is not there yet.
type ErrCertificatePending struct{}

func (ErrCertificatePending) Error() string { return "the certificate is pending" }

// ErrRetrieveCertificateTimeout says that a certificate did not come in time.
type ErrRetrieveCertificateTimeout struct{}

func (ErrRetrieveCertificateTimeout) Error() string { return "the certificate did not come in time" }
