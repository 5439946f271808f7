// Package util has the name of a choice.
package util

// IssuerHintAllIssuers leaves the choice to the service.
const IssuerHintAllIssuers = ""
