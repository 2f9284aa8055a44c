module timeslip

go 1.27
