package awsprovider

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"mediaserver/tests/internal/provider"
)

// partition is a family of regions.
type partition struct {
	ID               string `pulumi:"id"`
	Partition        string `pulumi:"partition"`
	DNSSuffix        string `pulumi:"dnsSuffix"`
	ReverseDNSPrefix string `pulumi:"reverseDnsPrefix"`
}

// partitionOf is the partition of a region.
func partitionOf(region string) partition {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return partition{"aws-cn", "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"}
	case strings.HasPrefix(region, "us-gov-"):
		return partition{"aws-us-gov", "aws-us-gov", "amazonaws.com", "com.amazonaws"}
	default:
		return partition{"aws", "aws", "amazonaws.com", "com.amazonaws"}
	}
}

const validate = "terraform-provider-aws, internal/verify/validate.go"

// arn is the demand for an ARN.
var arn = provider.Matching(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|):.+$`, "be an ARN")

// managedPolicy is the demand for the ARN of a managed policy.
var managedPolicy = provider.Matching(`^arn:[^:]+:iam::(aws|\d{12}):policy/.+$`, "be the ARN of a managed policy")

// lastPart is what follows the last separator.
func lastPart(of, separator string) string {
	return of[strings.LastIndex(of, separator)+1:]
}

// accountOf is the account in an ARN.
func accountOf(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

// policy is the demand for a policy document: JSON with a version that there is and statements that each have an
// effect, an action, and what else the kind of policy needs.
func policy(needs ...string) provider.Demand {
	words := "be a policy as JSON, with a Version of 2012-10-17 and statements that each have an Effect of Allow or Deny, Action, " +
		strings.Join(needs, ", ")
	return provider.Satisfying(words, func(document string) bool {
		var policy struct {
			Version   string
			Statement json.RawMessage
		}
		// The official provider refuses even a blank in front.
		if !strings.HasPrefix(document, "{") || json.Unmarshal([]byte(document), &policy) != nil ||
			!slices.Contains([]string{"2012-10-17", "2008-10-17"}, policy.Version) {
			return false
		}
		var statements []map[string]any
		if strings.HasPrefix(string(policy.Statement), "{") {
			policy.Statement = fmt.Appendf(nil, "[%s]", policy.Statement)
		}
		if json.Unmarshal(policy.Statement, &statements) != nil || len(statements) == 0 {
			return false
		}
		return !slices.ContainsFunc(statements, func(statement map[string]any) bool {
			lacks := func(element string) bool { return statement[element] == nil && statement["Not"+element] == nil }
			return statement["Effect"] != "Allow" && statement["Effect"] != "Deny" || slices.ContainsFunc(append(needs, "Action"), lacks)
		})
	})
}

// applyToJSON refuses a document that is no JSON, and what in it breaks rules. It decodes it into the structure, unless
// that is nil.
func applyToJSON(problems *provider.Problems, path, document string, into any, rules rules) {
	if !problems.Known(path) {
		return
	}
	var parsed any
	err := json.Unmarshal([]byte(document), &parsed)
	if err == nil && into != nil {
		decoder := json.NewDecoder(strings.NewReader(document))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(into)
	}
	if err != nil {
		problems.Refuse(path, document, "must be JSON as AWS defines it: "+err.Error())
		return
	}
	problems.Apply(path, resource.NewPropertyValue(parsed), rules)
}

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
	return strings.HasSuffix(strings.TrimSuffix(code, "Error"), "NotFound") || strings.HasPrefix(code, "NoSuch")
}

// only is the one that was asked for by its id.
func only[T any](found []T) (T, error) {
	if len(found) == 0 {
		var none T
		return none, provider.ErrNotFound
	}
	return found[0], nil
}
