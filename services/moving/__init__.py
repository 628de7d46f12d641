"""Moves buckets of users from one cell to another, while the services go on (docs/scaling.md).

An operator asks for it. The steps, each of which can be broken off and begun again:

1. databases of cells are prepared, once: triggers that refuse writes of users whose bucket is
   elsewhere, and ids that are apart (:mod:`.preparing`);
2. the bucket is arriving where it moves to, and what is there of an earlier move is deleted;
3. users are copied (:mod:`.copying`), and triggers note who is written meanwhile (:mod:`.noting`);
   these are copied again, until few are left;
4. the bucket is leaving where it is: nothing of it is written any more (:mod:`.states`);
5. the rest is copied, and what both cells have is compared (:mod:`.checking`);
6. the change feed of the new cell gets the workouts, for those who follow it (:mod:`.feeding`);
7. the bucket is in the new cell;
8. what is left of it in the old one is deleted (:mod:`.deleting`).
"""
