"""How well an object is: Argo CD's words, kstatus' rules about generations, and what both leave out."""
