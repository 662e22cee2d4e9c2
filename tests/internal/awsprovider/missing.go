package awsprovider

import (
	"errors"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// missing says whether an API error means that what was asked for does not
// exist.
func missing(err error) bool {
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() == http.StatusNotFound {
		return true
	}
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		return false
	}
	code := strings.TrimSuffix(failure.ErrorCode(), "Exception")
	return strings.HasSuffix(strings.TrimSuffix(code, "Error"), "NotFound") || strings.HasPrefix(code, "NoSuch")
}
