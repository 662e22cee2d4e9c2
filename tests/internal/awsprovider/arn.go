package awsprovider

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// partition is a family of regions.
type partition struct {
	ID        string `json:"id"`
	Partition string `json:"partition"`
	DNSSuffix string `json:"dnsSuffix"`
}

// partitionOf is the partition of a region.
func partitionOf(region string) partition {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return partition{"aws-cn", "aws-cn", "amazonaws.com.cn"}
	case strings.HasPrefix(region, "us-gov-"):
		return partition{"aws-us-gov", "aws-us-gov", "amazonaws.com"}
	default:
		return partition{"aws", "aws", "amazonaws.com"}
	}
}

// lastPart is what follows the last separator.
func lastPart(of, separator string) string {
	return of[strings.LastIndex(of, separator)+1:]
}

// unknownTaskDefinition is what ECS says of one that does not exist: it has no code of its own for that.
var unknownTaskDefinition = regexp.MustCompile("Unable to describe task definition|The specified task definition does not exist")

// missing says whether an API error means that what was asked for does not exist.
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
	return strings.HasSuffix(strings.TrimSuffix(code, "Error"), "NotFound") || strings.HasPrefix(code, "NoSuch") ||
		code == "Client" && unknownTaskDefinition.MatchString(failure.ErrorMessage())
}
