module map-reduce

go 1.27

require timeslip v0.0.0

replace timeslip => ../../sdk/go
