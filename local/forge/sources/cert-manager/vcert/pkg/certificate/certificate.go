// Package certificate has the names of parts of a request.
package certificate

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"time"
)

// Names of choices.
const (
	ChainOptionRootLast = "root-last"
	UserProvidedCSR     = "user-provided"
	CustomFieldPlain    = CustomFieldType("plain")
	CustomFieldOrigin   = CustomFieldType("origin")
)

// CustomFieldType is a kind of field.
type CustomFieldType string

// CustomField is a field of a request.
type CustomField struct {
	Type        CustomFieldType
	Name, Value string
}

// Request asks for a certificate.
type Request struct {
	Subject                            pkix.Name
	CustomFields                       []CustomField
	ValidityDuration                   *time.Duration
	Timeout                            time.Duration
	IssuerHint, ChainOption, CsrOrigin string
	FriendlyName, PickupID             string
	csr                                []byte
}

// NewRequest asks for a certificate like another one.
func NewRequest(like *x509.Certificate) *Request { return &Request{Subject: like.Subject} }

// SetCSR gives the signing request.
func (r *Request) SetCSR(csr []byte) error {
	r.csr = csr
	return nil
}

// PEMCollection is a certificate with its chain.
type PEMCollection struct {
	Certificate string
	Chain       []string
}
