module mediaserver/tools

go 1.26.6

require github.com/spf13/pflag v1.0.10
