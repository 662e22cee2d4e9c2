package awsprovider

import (
	"context"
)

var getPartition = &function[none, partition]{
	Token: "aws:index/getPartition:getPartition",
	Call: func(_ context.Context, client *api, _ *none) (*partition, error) {
		found := partitionOf(client.region)
		return &found, nil
	},
}
