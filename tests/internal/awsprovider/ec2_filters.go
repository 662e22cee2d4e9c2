package awsprovider

import (
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// lookupFilter is a filter as the EC2 API defines it for what is looked up.
type lookupFilter struct {
	Name   string   `pulumi:"name"`
	Values []string `pulumi:"values"`
}

func ec2Filters(filters []lookupFilter) []types.Filter {
	var converted []types.Filter
	for _, filter := range filters {
		converted = append(converted, types.Filter{Name: &filter.Name, Values: filter.Values})
	}
	return converted
}
