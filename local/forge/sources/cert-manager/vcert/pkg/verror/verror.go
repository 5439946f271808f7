// Package verror has the name of an error.
package verror

import "errors"

// ServerUnavailableError says that a service does not answer.
var ServerUnavailableError = errors.New("the service does not answer")
