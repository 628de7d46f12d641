"""Makes partitioned tables of the tables of workouts, while the services go on.

An operator whose database outgrows its machine asks for it, once; no migration does it
(docs/scaling.md). The steps, each of which can be broken off and begun again:

1. partitioned tables are made beside the others (:mod:`.layout`);
2. triggers write there whatever changes from then on (:mod:`.mirroring`);
3. what is there is copied, some workouts at a time (:mod:`.copying`);
4. foreign keys are added and validated, statistics made, and both compared (:mod:`.checking`);
5. one transaction puts the partitioned tables in the place of the others (:mod:`.exchanging`).
"""
