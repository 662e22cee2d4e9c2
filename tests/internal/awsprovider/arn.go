package awsprovider

import (
	"regexp"
	"strings"

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

var arnPattern = regexp.MustCompile(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|):.+$`)

// checkARN refuses what is no ARN (terraform-provider-aws, internal/verify/validate.go, ValidARN).
func checkARN(problems *provider.Problems, path, arn string) {
	if !arnPattern.MatchString(arn) {
		problems.Refuse(path, arn, "must be an ARN")
	}
}

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
