package awsprovider

import (
	"regexp"
)

var loadBalancingName = textRule{
	1, 32, regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`),
	"only letters, digits and hyphens, and no hyphen at either end",
}
